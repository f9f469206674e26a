import Ban from "lucide-solid/icons/ban";
import Check from "lucide-solid/icons/circle-check";
import Dashed from "lucide-solid/icons/circle-dashed";
import Hand from "lucide-solid/icons/hand";
import Minus from "lucide-solid/icons/circle-minus";
import Play from "lucide-solid/icons/loader-circle";
import Cross from "lucide-solid/icons/circle-x";
import type { JSX } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { RunStatus, StepStatus } from "../../shared/run/events.ts";

export type Status = RunStatus | StepStatus;

interface Look {
  icon: (props: { class?: string }) => JSX.Element;
  word: string;
  text: string;
  soft: string;
}

const looks: Record<Status, Look> = {
  queued: { icon: Dashed, word: "Queued", text: "text-queued", soft: "bg-queued-soft" },
  pending: { icon: Dashed, word: "Pending", text: "text-queued", soft: "bg-queued-soft" },
  running: { icon: Play, word: "Running", text: "text-running", soft: "bg-running-soft" },
  waiting: { icon: Hand, word: "Waiting", text: "text-waiting", soft: "bg-waiting-soft" },
  succeeded: { icon: Check, word: "Succeeded", text: "text-succeeded", soft: "bg-succeeded-soft" },
  failed: { icon: Cross, word: "Failed", text: "text-failed", soft: "bg-failed-soft" },
  skipped: { icon: Minus, word: "Skipped", text: "text-queued", soft: "bg-queued-soft" },
  canceled: { icon: Ban, word: "Canceled", text: "text-canceled line-through", soft: "bg-queued-soft" },
};

/** The word of a status, e.g. for a document title. */
export function statusWord(status: Status): string {
  return looks[status].word;
}

/** The shape and colour of a status, for rows that say the word elsewhere. */
export function StatusIcon(props: { status: Status; class?: string; label?: boolean }) {
  return (
    <span
      class={`inline-flex shrink-0 ${looks[props.status].text} ${props.class ?? ""}`}
      role={props.label ? "img" : undefined}
      aria-label={props.label ? looks[props.status].word : undefined}
      aria-hidden={props.label ? undefined : "true"}
    >
      <Dynamic
        component={looks[props.status].icon}
        class={`size-4 ${props.status === "running" ? "animate-spin" : ""}`}
      />
    </span>
  );
}

/** Status as icon, colour and word. */
export function StatusBadge(props: { status: Status; word?: string | undefined }) {
  return (
    <span
      class={`inline-flex h-6 shrink-0 items-center gap-1 rounded-full pr-2 pl-1 text-xs font-medium ${looks[props.status].soft} ${looks[props.status].text}`}
    >
      <StatusIcon status={props.status} />
      {props.word ?? looks[props.status].word}
    </span>
  );
}

import CircleCheck from "lucide-solid/icons/circle-check";
import CircleDot from "lucide-solid/icons/circle-dot";
import { Dynamic } from "solid-js/web";

const looks = {
  open: { icon: CircleDot, word: "Open", look: "bg-running-soft text-running" },
  closed: { icon: CircleCheck, word: "Closed", look: "bg-queued-soft text-canceled" },
} as const;

export function IssueState(props: { state: keyof typeof looks }) {
  return (
    <span
      class={`inline-flex h-6 shrink-0 items-center gap-1 rounded-full pr-2 pl-1.5 text-xs font-medium ${looks[props.state].look}`}
    >
      <Dynamic component={looks[props.state].icon} class="size-3.5" aria-hidden="true" />
      {looks[props.state].word}
    </span>
  );
}

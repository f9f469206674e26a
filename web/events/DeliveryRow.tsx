import Check from "lucide-solid/icons/circle-check";
import CircleX from "lucide-solid/icons/circle-x";
import Clock from "lucide-solid/icons/clock";
import GitBranch from "lucide-solid/icons/git-branch";
import Globe from "lucide-solid/icons/globe";
import Minus from "lucide-solid/icons/circle-minus";
import Spinning from "lucide-solid/icons/circle-dashed";
import WorkflowIcon from "lucide-solid/icons/workflow";
import { Show } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { Outputs } from "../api.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { sourceWords } from "./sourceWords.ts";

type DeliverySummary = Outputs["triggers"]["deliveries"]["items"][number];

const sourceIcons = { repo: GitBranch, webhook: Globe, cron: Clock, workflow: WorkflowIcon };

/** A delivery in a list: one button over the whole row. */
export function DeliveryRow(props: { delivery: DeliverySummary; onOpen: () => void }) {
  return (
    <li class="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 hover:bg-hover">
      <Dynamic
        component={sourceIcons[props.delivery.source]}
        class="size-4 shrink-0 text-muted"
        aria-hidden="true"
      />
      <div class="flex min-w-0 flex-1 basis-48 flex-col">
        <button
          type="button"
          class="truncate text-left font-medium after:absolute after:inset-0 after:content-['']"
          onClick={() => props.onOpen()}
        >
          {props.delivery.event.split("/").at(-1)}
        </button>
        <span class="truncate text-xs text-muted">
          {sourceWords[props.delivery.source]}
          <Show when={props.delivery.redeliveryOf}>, sent again</Show>
        </span>
      </div>
      <Result delivery={props.delivery} />
      <span class="w-24 text-xs text-muted sm:text-right">
        <RelativeTime at={props.delivery.receivedAt} />
      </span>
    </li>
  );
}

function Result(props: { delivery: DeliverySummary }) {
  const result = () => resultOf(props.delivery);
  return (
    <span class={`flex min-w-0 items-center gap-2 text-xs ${result().color}`}>
      <Dynamic component={result().icon} class="size-3.5 shrink-0" aria-hidden="true" />
      <span class="truncate">{result().text}</span>
    </span>
  );
}

/** What became of a delivery, in a few words. */
function resultOf({ status, outcome, failure }: DeliverySummary) {
  if (status === "pending") return { icon: Spinning, color: "text-muted", text: "Waiting" };
  if (status === "failed") return { icon: CircleX, color: "text-failed", text: failure ?? "Failed" };
  const runs = outcome.flatMap((one) => (one.kind === "fired" ? [`#${one.runNumber}`] : []));
  const broken = outcome.filter((one) => one.kind === "invalid").length;
  const errors = broken === 0 ? "" : broken === 1 ? ", 1 file has errors" : `, ${broken} files have errors`;
  if (runs.length === 0) return { icon: Minus, color: "text-muted", text: `Started nothing${errors}` };
  const shown = runs.length > 3 ? `${runs.length} runs` : runs.join(", ");
  return { icon: Check, color: "text-succeeded", text: `Started ${shown}${errors}` };
}

import { For, Show } from "solid-js";
import { formatCredits } from "../../shared/billing/credits.ts";
import type { StepView } from "../../shared/run/reduceRun.ts";
import { formatDuration } from "../ui/formatTime.ts";
import { StatusIcon, statusWord } from "../ui/StatusBadge.tsx";
import { Elapsed } from "./Elapsed.tsx";

export interface StepListProps {
  steps: readonly StepView[];
  /** Id of the step whose log is shown, or null. */
  selected: string | null;
  onSelect: (stepId: string) => void;
}

/** The steps of a run in the order of the plan. */
export function StepList(props: StepListProps) {
  return (
    <nav aria-label="Steps">
      <ol class="flex flex-col gap-px">
        <For each={props.steps.map((step) => step.id)}>
          {(id) => {
            const step = () => props.steps.find((each) => each.id === id);
            return (
              <Show when={step()}>
                {(shown) => (
                  <li>
                    <button
                      type="button"
                      aria-current={props.selected === id ? "step" : undefined}
                      onClick={() => props.onSelect(id)}
                      class="hit flex w-full items-center gap-2 rounded-control px-2 text-left hover:bg-hover aria-[current=step]:bg-accent-soft"
                    >
                      <StatusIcon status={shown().status} />
                      <span
                        class="min-w-0 flex-1 truncate"
                        classList={{ "text-muted": shown().status === "skipped" }}
                      >
                        {shown().name}
                        <span class="sr-only">: {statusWord(shown().status)}</span>
                      </span>
                      <Show when={shown().attempt > 1}>
                        <span class="shrink-0 text-xs text-muted">×{shown().attempt}</span>
                      </Show>
                      <Show when={shown().millicredits > 0}>
                        <span class="tabular shrink-0 text-xs text-muted">
                          {formatCredits(shown().millicredits)}
                        </span>
                      </Show>
                      <span class="tabular shrink-0 text-xs text-muted">
                        <Show
                          when={shown().status === "running" && shown().startedAt}
                          fallback={
                            shown().durationMs === null ? "" : formatDuration(shown().durationMs ?? 0)
                          }
                        >
                          {(since) => <Elapsed since={since()} />}
                        </Show>
                      </span>
                    </button>
                  </li>
                )}
              </Show>
            );
          }}
        </For>
      </ol>
    </nav>
  );
}

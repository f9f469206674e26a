import { Show } from "solid-js";
import type { StepView } from "../../shared/run/reduceRun.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import type { LogSource } from "./logSource.ts";
import { LogView } from "./LogView.tsx";

/** One step: why it failed, if it did, and its log. */
export function StepPane(props: {
  step: StepView | undefined;
  log: LogSource;
  /** Retention has taken the log. */
  deleted: boolean;
  name: string;
  line: number | null;
  onLine: (line: number) => void;
  find: string | undefined;
}) {
  return (
    <Show when={props.step}>
      {(step) => (
        <>
          <Show when={step().failure}>
            {(failure) => (
              <div role="alert" class="shrink-0 border-b border-line bg-failed-soft px-4 py-2 text-failed">
                <strong class="font-medium">{step().name} failed.</strong> {failure().message}
                <Show
                  when={
                    step().exitCode !== null &&
                    step().exitCode !== 0 &&
                    !failure().message.includes(String(step().exitCode))
                  }
                >
                  {" "}
                  Exit code {step().exitCode}.
                </Show>
              </div>
            )}
          </Show>
          <Show when={props.deleted}>
            <p class="p-4 text-muted">
              The log is older than this project keeps logs, and was deleted. What else happened is still
              here.
            </p>
          </Show>
          <Show when={!props.deleted}>
            <LogView
              log={props.log}
              live={!isFinal(step().status)}
              name={props.name}
              line={props.line}
              onLine={props.onLine}
              find={props.find}
            />
          </Show>
        </>
      )}
    </Show>
  );
}

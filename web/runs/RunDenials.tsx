import { For, Show } from "solid-js";
import type { RunView } from "../../shared/run/reduceRun.ts";

/** What policy refused, with the rule. */
export function RunDenials(props: { view: RunView }) {
  return (
    <Show when={props.view.denials.length > 0}>
      <section aria-labelledby="denials" class="flex flex-col gap-1 px-2">
        <h2 id="denials" class="text-xs font-medium text-muted">
          Denied by policy
        </h2>
        <ul class="flex flex-col gap-2">
          <For each={props.view.denials}>
            {(denial) => (
              <li class="text-xs">
                <code class="text-failed">{denial.rule}</code>
                <p class="break-words text-muted">{denial.message}</p>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

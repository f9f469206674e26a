import { For, Show } from "solid-js";
import type { RunView } from "../../shared/run/reduceRun.ts";

/** What policy refused and let through, each with its rule. */
export function RunDecisions(props: { view: RunView }) {
  return (
    <>
      <Show when={props.view.denials.length > 0}>
        <section aria-labelledby="denials" class="flex flex-col gap-1 px-2">
          <h2 id="denials" class="text-xs font-medium text-muted">
            Denied by policy
          </h2>
          <ul class="flex flex-col gap-2">
            <For each={props.view.denials}>
              {(denial) => (
                <li class="text-xs">
                  <code class="break-words text-failed">{denial.rule}</code>
                  <p class="break-words text-muted">{denial.message}</p>
                </li>
              )}
            </For>
          </ul>
        </section>
      </Show>
      <Show when={props.view.permissions.length > 0}>
        <details class="px-2 text-xs">
          <summary class="font-medium text-muted">
            Allowed by policy <span class="tabular">{props.view.permissions.length}</span>
          </summary>
          <ul class="mt-1 flex flex-col gap-1">
            <For each={props.view.permissions}>
              {(permission) => (
                <li class="break-words">
                  <code>{permission.action}</code> <span class="text-muted">by {permission.rule}</span>
                </li>
              )}
            </For>
          </ul>
        </details>
      </Show>
    </>
  );
}

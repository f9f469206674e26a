import { For, Show } from "solid-js";
import type { RunView } from "../../shared/run/reduceRun.ts";

/** What people decided, and what policy refused and let through, each with its rule. */
export function RunDecisions(props: { view: RunView }) {
  const decided = () => props.view.approvals.filter((approval) => approval.decision !== null);
  return (
    <>
      <Show when={decided().length > 0}>
        <section aria-labelledby="decisions" class="flex flex-col gap-1 px-2">
          <h2 id="decisions" class="text-xs font-medium text-muted">
            Approvals
          </h2>
          <ul class="flex flex-col gap-1 text-xs">
            <For each={decided()}>
              {(approval) => (
                <li class="break-words">
                  {approval.reason}: {approval.decision}
                </li>
              )}
            </For>
          </ul>
          <a class="link self-start text-xs" href={`/inbox/decided?run=${props.view.runId}`}>
            Who decided, when and why
          </a>
        </section>
      </Show>
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

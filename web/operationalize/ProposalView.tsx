import ChevronRight from "lucide-solid/icons/chevron-right";
import { createMemo, For, Show } from "solid-js";
import { proposalSchema, type ProposedFile, type Trial } from "../../shared/operationalize/proposal.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { StatusIcon, type Status } from "../ui/StatusBadge.tsx";

const trialStatus: Record<Trial["outcome"], Status> = {
  green: "succeeded",
  red: "failed",
  not_tried: "skipped",
};
const trialWord: Record<Trial["outcome"], string> = { green: "Tried", red: "Tried", not_tried: "Not tried" };

/** One proposed workflow: what it does, how its trial went, what it may do, and the file itself on demand. */
function ProposedWorkflow(props: { file: ProposedFile }) {
  const name = () => props.file.path.split("/").at(-1) ?? props.file.path;
  return (
    <article class="flex flex-col gap-3 rounded-panel border border-line bg-surface p-4" aria-label={name()}>
      <header class="flex flex-wrap items-start justify-between gap-x-4 gap-y-1">
        <div class="flex min-w-0 flex-col gap-1">
          <h3 class="font-mono text-sm">{name()}</h3>
          <p class="text-muted">{props.file.purpose}</p>
        </div>
        <p class="flex items-center gap-1">
          <StatusIcon status={trialStatus[props.file.trial.outcome]} />
          {trialWord[props.file.trial.outcome]}: {props.file.trial.summary}
        </p>
      </header>
      <Show when={props.file.permissions.length > 0}>
        <div class="flex flex-col gap-1">
          <h4 class="text-xs font-medium text-muted">What it may do</h4>
          <ul class="list-disc pl-4">
            <For each={props.file.permissions}>{(permission) => <li>{permission}</li>}</For>
          </ul>
        </div>
      </Show>
      <details class="group">
        <summary class="hit inline-flex items-center gap-1 rounded-control pr-2 text-muted select-none hover:text-text [&::-webkit-details-marker]:hidden">
          <ChevronRight class="size-4 transition-transform group-open:rotate-90" aria-hidden="true" />
          View YAML
        </summary>
        <div class="relative mt-1">
          <pre
            class="max-h-96 overflow-auto rounded-control bg-sunken p-3 text-xs"
            tabIndex={0}
            role="region"
            aria-label={`YAML of ${name()}`}
          >
            {props.file.content}
          </pre>
          <div class="absolute top-1 right-1">
            <CopyButton label={`Copy ${name()}`} text={() => props.file.content} />
          </div>
        </div>
      </details>
    </article>
  );
}

/** The proposal of an operationalize run: what was read, what is proposed, what was left out and why. */
export function ProposalView(props: { data: unknown }) {
  const proposal = createMemo(() => proposalSchema.safeParse(props.data).data);
  return (
    <Show
      when={proposal()}
      fallback={
        <p class="text-muted">This proposal was written by another version of Coder and cannot be shown.</p>
      }
    >
      {(shown) => (
        <div class="flex flex-col gap-6">
          <section class="flex flex-col gap-2">
            <h2 class="text-xs font-medium text-muted">Read</h2>
            <ul class="flex flex-wrap gap-2">
              <For each={shown().findings}>
                {(finding) => (
                  <li class="rounded-full border border-line bg-surface px-3 py-0.5">{finding}</li>
                )}
              </For>
            </ul>
          </section>
          <section class="flex flex-col gap-3">
            <h2 class="text-xs font-medium text-muted">Proposes</h2>
            <p class="text-muted">
              Once the change is merged, each starts when its file says: on changes and pushes, at its times,
              or by hand.
            </p>
            <For each={shown().files}>{(file) => <ProposedWorkflow file={file} />}</For>
          </section>
          <Show when={shown().leftOut.length > 0}>
            <section class="flex flex-col gap-1">
              <h2 class="text-xs font-medium text-muted">Left out</h2>
              <ul class="flex flex-col gap-1 text-muted">
                <For each={shown().leftOut}>
                  {(left) => (
                    <li>
                      <code class="text-xs">{left.path.split("/").at(-1)}</code>: {left.reason}
                    </li>
                  )}
                </For>
              </ul>
            </section>
          </Show>
        </div>
      )}
    </Show>
  );
}

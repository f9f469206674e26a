import { For, Show } from "solid-js";
import { subjectDiff, type SubjectLine } from "./subjectDiff.ts";

/** "changedFiles" and "changed_files" as "Changed files". */
function label(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll(/[_-]+/g, " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const lineLooks: Record<SubjectLine["kind"], string> = {
  same: "",
  added: "bg-succeeded-soft",
  removed: "bg-failed-soft",
};
const signs: Record<SubjectLine["kind"], { sign: string; said: string }> = {
  same: { sign: " ", said: "" },
  added: { sign: "+", said: "now: " },
  removed: { sign: "−", said: "before: " },
};

/** What would happen, by name; beside what was approved before, with what differs marked. */
export function ApprovalSubject(props: {
  before: Readonly<Record<string, unknown>> | null;
  now: Readonly<Record<string, unknown>>;
}) {
  const rows = () => subjectDiff(props.before, props.now);
  return (
    <Show when={rows().length > 0}>
      <dl class="grid grid-cols-[max-content_minmax(0,1fr)] gap-x-4 gap-y-1 rounded-control bg-sunken p-3">
        <For each={rows()}>
          {(row) => (
            <>
              <dt class="text-muted">{label(row.key)}</dt>
              <dd class="max-h-80 min-w-0 overflow-y-auto font-mono text-xs leading-5">
                <For each={row.lines}>
                  {(line) => (
                    <div class={`flex ${lineLooks[line.kind]}`}>
                      <Show when={props.before !== null}>
                        <span class="w-4 shrink-0 select-none" aria-hidden="true">
                          {signs[line.kind].sign}
                        </span>
                        <span class="sr-only">{signs[line.kind].said}</span>
                      </Show>
                      <span
                        class={`min-w-0 break-words whitespace-pre-wrap ${line.kind === "removed" ? "line-through" : ""}`}
                      >
                        {line.text}
                      </span>
                    </div>
                  )}
                </For>
              </dd>
            </>
          )}
        </For>
      </dl>
    </Show>
  );
}

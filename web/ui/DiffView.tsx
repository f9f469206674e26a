import ChevronRight from "lucide-solid/icons/chevron-right";
import { createMemo, For, Show } from "solid-js";
import { readPatch, type DiffFile, type DiffLine } from "./readPatch.ts";
import { counted } from "../../shared/counted.ts";

const rowLooks: Record<DiffLine["kind"], string> = {
  same: "",
  added: "bg-succeeded-soft",
  removed: "bg-failed-soft",
  note: "text-muted italic",
};
const signs: Record<DiffLine["kind"], string> = { same: " ", added: "+", removed: "−", note: " " };

function FileDiff(props: { file: DiffFile; open: boolean }) {
  return (
    <details
      class="group rounded-panel border border-line bg-surface [content-visibility:auto]"
      open={props.open}
    >
      <summary class="hit flex items-center gap-2 px-3 select-none [&::-webkit-details-marker]:hidden">
        <ChevronRight
          class="size-4 shrink-0 text-muted transition-transform group-open:rotate-90"
          aria-hidden="true"
        />
        <code class="min-w-0 truncate text-xs">{props.file.path}</code>
        <For each={props.file.notes}>{(note) => <span class="shrink-0 text-xs text-muted">{note}</span>}</For>
        <span
          class="tabular ml-auto shrink-0 text-xs text-succeeded"
          aria-label={`${counted(props.file.additions, "line")} added`}
        >
          +{props.file.additions}
        </span>
        <span
          class="tabular shrink-0 text-xs text-failed"
          aria-label={`${counted(props.file.deletions, "line")} removed`}
        >
          −{props.file.deletions}
        </span>
      </summary>
      <Show when={props.file.hunks.length > 0}>
        <div
          class="overflow-x-auto border-t border-line py-1 font-mono text-xs leading-5"
          tabIndex={0}
          role="region"
          aria-label={`Changes in ${props.file.path}`}
        >
          <For each={props.file.hunks}>
            {(hunk) => (
              <>
                <div class="bg-sunken px-3 text-muted">{hunk.title}</div>
                <For each={hunk.lines}>
                  {(line) => (
                    <div class={`flex w-max min-w-full ${rowLooks[line.kind]}`}>
                      <span class="tabular w-10 shrink-0 pr-2 text-right text-muted select-none">
                        {line.before ?? ""}
                      </span>
                      <span class="tabular w-10 shrink-0 pr-2 text-right text-muted select-none">
                        {line.after ?? ""}
                      </span>
                      <span class="w-4 shrink-0 select-none">{signs[line.kind]}</span>
                      <span class="pr-4 whitespace-pre">{line.text}</span>
                    </div>
                  )}
                </For>
              </>
            )}
          </For>
        </div>
      </Show>
    </details>
  );
}

/** A diff, file by file; the first files are open. */
export function DiffView(props: { patch: string; openFiles?: number | undefined }) {
  const files = createMemo(() => readPatch(props.patch));
  const total = (key: "additions" | "deletions") => files().reduce((sum, file) => sum + file[key], 0);
  return (
    <div class="flex flex-col gap-3">
      <p class="tabular text-muted">
        {counted(files().length, "file")}, {counted(total("additions"), "line")} added, {total("deletions")}{" "}
        removed
      </p>
      <For each={files()}>
        {(file, index) => <FileDiff file={file} open={index() < (props.openFiles ?? 20)} />}
      </For>
    </div>
  );
}

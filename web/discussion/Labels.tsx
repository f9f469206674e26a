import { createQuery, useQueryClient } from "@tanstack/solid-query";
import Plus from "lucide-solid/icons/plus";
import X from "lucide-solid/icons/x";
import { createSignal, createUniqueId, For, Show } from "solid-js";
import { useApi } from "../api.ts";
import { useToasts } from "../ui/Toast.tsx";

/** Labels as chips. */
export function LabelChips(props: { labels: readonly string[] }) {
  return (
    <For each={props.labels}>
      {(label) => (
        <span class="inline-flex h-5 max-w-40 shrink-0 items-center truncate rounded-full border border-line-strong px-2 text-xs text-muted">
          {label}
        </span>
      )}
    </For>
  );
}

/** The labels of a change or an issue, with what adds and removes them. */
export function LabelEditor(props: {
  projectId: string;
  number: number;
  labels: readonly string[];
  mayWrite: boolean;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const listId = createUniqueId();
  const [text, setText] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const known = createQuery(() => ({
    queryKey: ["labels", props.projectId],
    queryFn: () => api.issues.labels.query({ projectId: props.projectId }),
    enabled: props.mayWrite,
  }));
  const save = async (labels: string[], undo: boolean) => {
    const before = [...props.labels];
    setPending(true);
    try {
      await api.issues.setLabels.mutate({ projectId: props.projectId, number: props.number, labels });
      setText("");
      if (undo) {
        const removed = before.filter((label) => !labels.includes(label));
        toasts.show({
          text: `${removed.join(", ")} is removed.`,
          action: { label: "Undo", run: () => void save(before, false) },
        });
      }
      await queries.invalidateQueries();
    } catch (error) {
      toasts.fail("The labels were not changed", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <div class="flex flex-wrap items-center gap-2">
      <Show when={props.mayWrite} fallback={<LabelChips labels={props.labels} />}>
        <For each={props.labels}>
          {(label) => (
            <span class="inline-flex h-6 max-w-60 items-center gap-1 rounded-full border border-line-strong pl-2 text-xs">
              <span class="truncate">{label}</span>
              <button
                type="button"
                aria-label={`Remove the label ${label}`}
                disabled={pending()}
                onClick={() =>
                  void save(
                    props.labels.filter((each) => each !== label),
                    true,
                  )
                }
                class="inline-flex size-6 items-center justify-center rounded-full text-muted hover:bg-hover hover:text-text"
              >
                <X class="size-3" aria-hidden="true" />
              </button>
            </span>
          )}
        </For>
        <form
          class="flex items-center gap-1"
          onSubmit={(event) => {
            event.preventDefault();
            const label = text().trim();
            if (label !== "") void save([...new Set([...props.labels, label])], false);
          }}
        >
          <input
            aria-label="Add a label"
            placeholder="Add a label"
            list={listId}
            value={text()}
            maxLength={50}
            onInput={(event) => setText(event.currentTarget.value)}
            class="hit w-32 rounded-control border border-line-strong bg-surface px-2 text-xs placeholder:text-muted"
          />
          <datalist id={listId}>
            <For each={(known.data ?? []).filter((label) => !props.labels.includes(label))}>
              {(label) => <option value={label} />}
            </For>
          </datalist>
          <button
            type="submit"
            aria-label="Add the label"
            disabled={pending() || text().trim() === ""}
            class="hit inline-flex w-8 items-center justify-center rounded-control text-muted hover:bg-hover disabled:opacity-50"
          >
            <Plus class="size-4" aria-hidden="true" />
          </button>
        </form>
      </Show>
    </div>
  );
}

import { createInfiniteQuery, createQuery } from "@tanstack/solid-query";
import { createMemo, createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import type { StoredRunEvent } from "../../shared/run/events.ts";
import { Button } from "../ui/Button.tsx";
import { Checkbox } from "../ui/Checkbox.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { counted } from "../../shared/counted.ts";

const pageSize = 200;

/** Which step or artifact an event is about, for the table. */
function subjectOf(event: StoredRunEvent["event"]): string {
  if ("stepId" in event && event.stepId !== null) return event.stepId;
  if (event.type === "artifact.created") return `${event.artifact.kind} ${event.artifact.name}`;
  return "";
}

/** Every event of the run as it was stored. */
export function RunEvents(props: { runId: string; lastSeq: number; over: boolean }) {
  const api = useApi();
  const [withLog, setWithLog] = createSignal(false);
  const [type, setType] = createSignal("all");
  const [shown, setShown] = createSignal<number | null>(null);
  // A run that goes on is asked again when it has moved on, not for every line that it prints.
  const freshness = () => (props.over ? "over" : Math.floor(props.lastSeq / 20));
  const outline = createQuery(() => ({
    queryKey: ["events", props.runId, freshness()],
    queryFn: () => api.history.outline.query({ runId: props.runId }),
    enabled: !withLog(),
    placeholderData: (before: Awaited<ReturnType<typeof api.history.outline.query>> | undefined) => before,
  }));
  const all = createInfiniteQuery(() => ({
    queryKey: ["events", props.runId, "log"],
    queryFn: ({ pageParam }: { pageParam: number }) =>
      api.runs.eventsAfter.query({ runId: props.runId, afterSeq: pageParam, limit: pageSize }),
    initialPageParam: 0,
    getNextPageParam: (page: StoredRunEvent[]) => (page.length < pageSize ? null : page.at(-1)?.seq),
    enabled: withLog(),
  }));
  const asked = () => (withLog() ? all : outline);
  const events = createMemo(() =>
    withLog() ? (all.data?.pages.flat() ?? []) : (outline.data?.events ?? []),
  );
  const types = createMemo(() =>
    [...new Set(events().map((stored) => stored.event.type))].sort((a, b) => a.localeCompare(b)),
  );
  const listed = createMemo(() =>
    type() === "all" ? events() : events().filter((stored) => stored.event.type === type()),
  );
  return (
    <div class="flex min-h-0 flex-1 flex-col">
      <div class="flex shrink-0 flex-wrap items-center gap-3 border-b border-line bg-surface px-3 py-1">
        <Select
          label="Type of event"
          hideLabel
          value={type()}
          onChange={setType}
          options={[
            { value: "all", label: "Every type" },
            ...types().map((each) => ({ value: each as string, label: each })),
          ]}
        />
        <Checkbox label="With the lines of the log" checked={withLog()} onChange={setWithLog} />
        <span class="tabular ml-auto text-xs text-muted">{counted(listed().length, "event")}</span>
        <CopyButton label="Copy these events as JSON" text={() => JSON.stringify(listed(), null, 2)} />
      </div>
      <div class="min-h-0 flex-1 overflow-auto" tabIndex={0} role="region" aria-label="Events">
        <Switch>
          <Match when={asked().error && events().length === 0 ? asked().error : undefined}>
            {(error) => (
              <ErrorState
                title="The events could not be loaded"
                error={error()}
                retry={() => void asked().refetch()}
              />
            )}
          </Match>
          <Match when={asked().isLoading}>
            <p class="flex items-center gap-2 p-4 text-muted">
              <Spinner /> Loading the events
            </p>
          </Match>
          <Match when={true}>
            <ul class="font-mono text-xs">
              <For each={listed()}>
                {(stored) => (
                  <li class="border-b border-line">
                    <button
                      type="button"
                      aria-expanded={shown() === stored.seq}
                      onClick={() => setShown(shown() === stored.seq ? null : stored.seq)}
                      class="hit flex w-full items-center gap-3 px-3 text-left hover:bg-hover"
                    >
                      <span class="tabular w-12 shrink-0 text-right text-muted">{stored.seq}</span>
                      <time class="tabular shrink-0 text-muted max-sm:hidden" datetime={stored.at}>
                        {stored.at.slice(11, 23)}
                      </time>
                      <span class="w-40 shrink-0 truncate">{stored.event.type}</span>
                      <span class="min-w-0 flex-1 truncate text-muted">{subjectOf(stored.event)}</span>
                    </button>
                    <Show when={shown() === stored.seq}>
                      <div class="relative bg-sunken">
                        <pre
                          class="max-h-96 overflow-auto p-3 pr-12 whitespace-pre-wrap break-words"
                          tabIndex={0}
                        >
                          {JSON.stringify(stored, null, 2)}
                        </pre>
                        <span class="absolute top-1 right-2">
                          <CopyButton label="Copy the event" text={() => JSON.stringify(stored, null, 2)} />
                        </span>
                      </div>
                    </Show>
                  </li>
                )}
              </For>
            </ul>
            <Show when={withLog() && all.hasNextPage}>
              <p class="p-3 text-center">
                <Button pending={all.isFetchingNextPage} onClick={() => void all.fetchNextPage()}>
                  Show later events
                </Button>
              </p>
            </Show>
          </Match>
        </Switch>
      </div>
    </div>
  );
}

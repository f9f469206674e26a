import { createEffect, createSignal, on, onCleanup, type Accessor } from "solid-js";
import { createRunsListener } from "../project.ts";
import { mergeRuns, type ListedRun } from "./mergeRuns.ts";

interface Page {
  items: ListedRun[];
  nextCursor: string | null;
}

export interface RunsList {
  items: Accessor<readonly ListedRun[]>;
  state: Accessor<"loading" | "ready" | "failed">;
  error: Accessor<unknown>;
  hasMore: Accessor<boolean>;
  fetchingMore: Accessor<boolean>;
  more: () => void;
  again: () => void;
}

/** Changes that come in a burst are one look. */
const restMs = 1000;

/**
 * A list of runs, page by page, kept current: a change looks at the first page only, however far down the list is open.
 * `fetchPage` is asked anew when what it reads (the filters) changes.
 */
export function createRunsList(
  topic: () => string | undefined,
  fetchPage: Accessor<(cursor: string | null) => Promise<Page>>,
): RunsList {
  const [items, setItems] = createSignal<readonly ListedRun[]>([]);
  const [state, setState] = createSignal<"loading" | "ready" | "failed">("loading");
  const [error, setError] = createSignal<unknown>(null);
  const [cursor, setCursor] = createSignal<string | null>(null);
  const [fetchingMore, setFetchingMore] = createSignal(false);
  let turn = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => {
    turn += 1;
    clearTimeout(timer);
  });

  const begin = async () => {
    const mine = (turn += 1);
    if (items().length === 0) setState("loading");
    try {
      const page = await fetchPage()(null);
      if (mine !== turn) return;
      setItems(page.items);
      setCursor(page.nextCursor);
      setState("ready");
    } catch (failure) {
      if (mine !== turn) return;
      setError(failure);
      setState("failed");
    }
  };
  const refresh = async () => {
    const mine = turn;
    try {
      const page = await fetchPage()(null);
      if (mine !== turn) return;
      const merged = mergeRuns(items(), page);
      if (merged === null || page.nextCursor === null || items().length <= page.items.length)
        setCursor(page.nextCursor);
      setItems(merged ?? page.items);
      setState("ready");
    } catch {
      // What is shown stays; the next change, or a press, asks again.
    }
  };
  const more = async () => {
    const mine = turn;
    if (cursor() === null || fetchingMore()) return;
    setFetchingMore(true);
    try {
      const page = await fetchPage()(cursor());
      if (mine !== turn) return;
      const known = new Set(items().map((run) => run.id));
      setItems([...items(), ...page.items.filter((run) => !known.has(run.id))]);
      setCursor(page.nextCursor);
    } catch (failure) {
      setError(failure);
      setState("failed");
    } finally {
      setFetchingMore(false);
    }
  };

  createEffect(
    on(fetchPage, () => {
      setItems([]);
      setCursor(null);
      void begin();
    }),
  );
  createRunsListener(topic, () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void refresh();
    }, restMs);
  });
  return {
    items,
    state,
    error,
    fetchingMore,
    hasMore: () => cursor() !== null,
    more: () => void more(),
    again: () => void begin(),
  };
}

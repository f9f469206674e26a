import { createInfiniteQuery, createQuery } from "@tanstack/solid-query";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { useSession } from "../session.tsx";
import { Button } from "../ui/Button.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { DiffView } from "../ui/DiffView.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Sheet } from "../ui/Sheet.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { commitPatch, type Commit } from "./commitPatch.ts";
import type { Studio } from "./createStudio.ts";

const pageSize = 50;

/** The commits of the branch, the last one first; each opens what it changed. */
export function HistoryPanel(props: { studio: Studio }) {
  const api = useApi();
  const [shown, setShown] = createSignal<Commit>();
  const [sheetOpen, setSheetOpen] = createSignal(false);
  const open = (commit: Commit) => {
    setShown(commit);
    setSheetOpen(true);
  };
  const head = () => {
    const state = props.studio.state();
    return state.kind === "ready" ? state.head : null;
  };
  const log = createInfiniteQuery(() => ({
    // The head is part of the key: a new commit is a new history.
    queryKey: ["log", props.studio.project.id, head()],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      api.files.log.query({
        projectId: props.studio.project.id,
        ref: head() ?? props.studio.project.defaultBranch,
        limit: pageSize,
        ...(pageParam === undefined ? {} : { before: pageParam }),
      }),
    getNextPageParam: (last) => (last.commits.length < pageSize ? undefined : last.commits.at(-1)?.sha),
    enabled: head() !== null,
  }));
  const commits = () => log.data?.pages.flatMap((page) => page.commits) ?? [];
  return (
    <section class="flex h-full min-h-0 flex-col" aria-label="History">
      <header class="flex h-9 shrink-0 items-center border-b border-line px-3">
        <h2 class="text-xs font-medium text-muted">History of {props.studio.project.defaultBranch}</h2>
      </header>
      <Switch>
        <Match when={head() === null}>
          <EmptyState title="No commits yet" text="The first one you make starts the history." />
        </Match>
        <Match when={log.error}>
          {(error) => (
            <ErrorState
              title="The history could not be loaded"
              error={error()}
              retry={() => void log.refetch()}
            />
          )}
        </Match>
        <Match when={log.isPending}>
          <p class="flex justify-center p-6 text-muted">
            <Spinner />
          </p>
        </Match>
        <Match when={true}>
          <div class="min-h-0 flex-1 overflow-auto py-1">
            <ol>
              <For each={commits()}>
                {(commit) => (
                  <li>
                    <button
                      type="button"
                      onClick={() => open(commit)}
                      class="flex w-full flex-col gap-0.5 px-3 py-1.5 text-left -outline-offset-2 hover:bg-hover"
                    >
                      <span class="w-full truncate text-sm" title={commit.message}>
                        {titleOf(commit)}
                      </span>
                      <span class="flex w-full items-center gap-2 text-xs text-muted">
                        <span class="truncate">{commit.author}</span>
                        <RelativeTime at={commit.at} />
                        <code class="ml-auto">{commit.sha.slice(0, 7)}</code>
                      </span>
                    </button>
                  </li>
                )}
              </For>
            </ol>
            <Show when={log.hasNextPage}>
              <div class="p-3">
                <Button pending={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
                  Earlier commits
                </Button>
              </div>
            </Show>
          </div>
        </Match>
      </Switch>
      <Show when={shown()} keyed>
        {(commit) => (
          <CommitSheet studio={props.studio} commit={commit} open={sheetOpen()} onOpenChange={setSheetOpen} />
        )}
      </Show>
    </section>
  );
}

function titleOf(commit: Commit): string {
  return commit.message.split("\n")[0] ?? "";
}

function CommitSheet(props: {
  studio: Studio;
  commit: Commit;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}) {
  const api = useApi();
  const session = useSession();
  const patch = createQuery(() => ({
    queryKey: ["commit", props.studio.project.id, props.commit.sha],
    queryFn: () =>
      commitPatch(props.commit, {
        api,
        projectId: props.studio.project.id,
        accessToken: session.accessToken,
      }),
    // A commit never changes.
    staleTime: Infinity,
  }));
  return (
    <Sheet
      open={props.open}
      onOpenChange={props.onOpenChange}
      title={titleOf(props.commit)}
      description={`${props.commit.author} · ${props.commit.sha.slice(0, 12)}`}
    >
      <div class="flex flex-col gap-4">
        <p class="flex items-center gap-2 text-sm text-muted">
          <RelativeTime at={props.commit.at} />
          <CopyButton text={() => props.commit.sha} label="Copy the commit’s id" />
        </p>
        <Show when={props.commit.message.split("\n").slice(1).join("\n").trim()}>
          {(body) => <p class="text-sm whitespace-pre-wrap">{body()}</p>}
        </Show>
        <Switch>
          <Match when={patch.error}>
            {(error) => (
              <ErrorState
                title="The difference could not be loaded"
                error={error()}
                retry={() => void patch.refetch()}
              />
            )}
          </Match>
          <Match when={patch.data}>
            {(data) => (
              <>
                <DiffView patch={data().patch} />
                <Show when={data().truncated}>
                  <p class="text-sm text-muted">More was changed than is shown here.</p>
                </Show>
              </>
            )}
          </Match>
          <Match when={true}>
            <Spinner />
          </Match>
        </Switch>
      </div>
    </Sheet>
  );
}

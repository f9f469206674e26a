import { useParams, useSearchParams } from "@solidjs/router";
import { createInfiniteQuery } from "@tanstack/solid-query";
import Search from "lucide-solid/icons/search";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { createProject } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusIcon } from "../ui/StatusBadge.tsx";
import { TextField } from "../ui/TextField.tsx";
import { marked } from "./marked.tsx";

type Hit = Outputs["history"]["searchLogs"]["items"][number];

const fewestLetters = 3;

/** `/:org/:project/logs?q=…`: lines of the logs of the project's ended runs. */
export function LogSearchPage() {
  const params = useParams();
  const project = createProject();
  const [search, setSearch] = useSearchParams<{ q?: string }>();
  const base = () => `/${params["org"]}/${params["project"]}`;
  const [typed, setTyped] = createSignal(search.q ?? "");
  const words = () => (search.q ?? "").trim();
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: `/${params["org"]}/runs` },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Runs", href: `${base()}/runs` },
          { label: "Logs" },
        ]}
      >
        <Column wide>
          <form
            role="search"
            class="flex gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              setSearch({ q: typed().trim() || null });
            }}
          >
            <TextField
              label="Words in the logs of ended runs"
              hideLabel
              type="search"
              placeholder="Words in the logs of ended runs"
              value={typed()}
              onChange={setTyped}
              autofocus
              icon={<Search aria-hidden="true" />}
              class="flex-1"
            />
            <Button type="submit" disabled={typed().trim().length < fewestLetters}>
              Search
            </Button>
          </form>
          <Switch>
            <Match when={project.error}>
              {(error) => (
                <ErrorState
                  title="The project could not be loaded"
                  error={error()}
                  retry={() => void project.refetch()}
                />
              )}
            </Match>
            <Match when={words().length < fewestLetters}>
              <EmptyState
                icon={<Search />}
                title="Find a line in any run"
                text="Type at least three letters. The newest runs come first; a run is found from a second after its end."
              />
            </Match>
            <Match when={project.data?.id}>
              {(projectId) => <Hits projectId={projectId()} words={words()} base={base()} />}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function Hits(props: { projectId: string; words: string; base: string }) {
  const api = useApi();
  const hits = createInfiniteQuery(() => ({
    queryKey: ["logs", props.projectId, props.words],
    queryFn: ({ pageParam }: { pageParam: number | null }) =>
      api.history.searchLogs.query({ projectId: props.projectId, words: props.words, cursor: pageParam }),
    initialPageParam: null,
    getNextPageParam: (page: { nextCursor: number | null }) => page.nextCursor,
  }));
  const items = () => hits.data?.pages.flatMap((page) => page.items) ?? [];
  const hrefOf = (hit: Hit) =>
    `${props.base}/runs/${hit.number}?${new URLSearchParams({ step: hit.stepId })}#L${hit.line}`;
  return (
    <Switch>
      <Match when={hits.error && items().length === 0 ? hits.error : undefined}>
        {(error) => (
          <ErrorState
            title="The logs could not be searched"
            error={error()}
            retry={() => void hits.refetch()}
          />
        )}
      </Match>
      <Match when={hits.isLoading}>
        <p class="flex items-center gap-2 text-muted">
          <Spinner /> Searching
        </p>
      </Match>
      <Match when={items().length === 0}>
        <EmptyState title={`No log holds "${props.words}"`} />
      </Match>
      <Match when={items().length > 0}>
        <ul
          aria-label="Lines found"
          class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
        >
          <For each={items()}>
            {(hit) => (
              <li class="relative flex flex-col gap-1 px-3 py-2 hover:bg-hover">
                <a
                  href={hrefOf(hit)}
                  class="flex items-center gap-2 text-xs text-muted after:absolute after:inset-0 after:content-['']"
                >
                  <StatusIcon status={hit.status} label />
                  <span class="truncate font-medium text-text">{hit.name}</span>
                  <span class="tabular">#{hit.number}</span>
                  <span class="truncate">
                    {hit.stepId}, line {hit.line.toLocaleString("en")}
                  </span>
                  <span class="ml-auto shrink-0">
                    <Show when={hit.finishedAt}>{(at) => <RelativeTime at={at()} />}</Show>
                  </span>
                </a>
                <code class="truncate text-xs" dir="ltr">
                  {marked(hit.excerpt, props.words.toLowerCase())}
                </code>
              </li>
            )}
          </For>
        </ul>
        <Show when={hits.hasNextPage}>
          <Button
            class="self-center"
            pending={hits.isFetchingNextPage}
            onClick={() => void hits.fetchNextPage()}
          >
            Search older runs
          </Button>
        </Show>
      </Match>
    </Switch>
  );
}

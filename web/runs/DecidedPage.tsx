import { useSearchParams } from "@solidjs/router";
import { createInfiniteQuery, createQuery } from "@tanstack/solid-query";
import CircleCheck from "lucide-solid/icons/circle-check";
import { createMemo, For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { DecidedApproval, outcomes, type Decided } from "./DecidedApproval.tsx";
import { InboxTabs } from "./InboxTabs.tsx";

const any = "any";
const perPage = 50;
type Outcome = Decided["status"];
const isOutcome = (text: string | undefined): text is Outcome => text !== undefined && text in outcomes;

/** `/inbox/decided?project=…&run=…&outcome=…`: approvals that no longer wait, and who decided them, when and why. */
export function DecidedPage() {
  return (
    <SignedIn>
      <Page crumbs={[{ label: "Inbox", href: "/inbox" }, { label: "Decided approvals" }]}>
        <Column>
          <InboxTabs current="/inbox/decided" />
          <DecidedList />
        </Column>
      </Page>
    </SignedIn>
  );
}

function DecidedList() {
  const api = useApi();
  let list: HTMLUListElement | undefined;
  const [search, setSearch] = useSearchParams<{ project?: string; run?: string; outcome?: string }>();
  const projects = createQuery(() => ({ queryKey: ["projects"], queryFn: () => api.projects.list.query() }));
  const filter = createMemo(() => ({
    ...(search.project === undefined ? {} : { projectId: search.project }),
    ...(search.run === undefined ? {} : { runId: search.run }),
    ...(isOutcome(search.outcome) ? { status: search.outcome } : {}),
  }));
  const isFiltered = () => Object.keys(filter()).length > 0;
  const decided = createInfiniteQuery(() => {
    const asked = filter();
    return {
      queryKey: ["inbox", "decided", asked],
      queryFn: ({ pageParam }: { pageParam: string | null }) =>
        api.approvals.history.query({
          ...asked,
          ...(pageParam === null ? {} : { before: pageParam }),
          limit: perPage,
        }),
      initialPageParam: null as string | null,
      getNextPageParam: (page: Decided[]) => (page.length < perPage ? null : (page.at(-1)?.id ?? null)),
    };
  });
  const items = () => decided.data?.pages.flat() ?? [];
  const move = (by: number) => {
    const rows = [...(list?.querySelectorAll("summary") ?? [])];
    const at = rows.findIndex((row) => row === document.activeElement);
    rows[at === -1 ? (by > 0 ? 0 : rows.length - 1) : at + by]?.focus();
  };
  createCommands([
    { id: "decided.next", title: "Next decision", section: "Inbox", keys: "j", run: () => move(1) },
    { id: "decided.previous", title: "Previous decision", section: "Inbox", keys: "k", run: () => move(-1) },
  ]);
  return (
    <>
      <div class="flex flex-wrap items-center gap-2">
        <Select<string>
          label="Outcome"
          hideLabel
          value={isOutcome(search.outcome) ? search.outcome : any}
          onChange={(outcome) => setSearch({ outcome: outcome === any ? null : outcome }, { replace: true })}
          options={[
            { value: any, label: "All outcomes" },
            ...Object.entries(outcomes).map(([value, { word }]) => ({ value, label: word })),
          ]}
        />
        <Select<string>
          label="Project"
          hideLabel
          value={search.project ?? any}
          onChange={(id) => setSearch({ project: id === any ? null : id, run: null }, { replace: true })}
          options={[
            { value: any, label: "All projects" },
            ...(projects.data ?? []).map((one) => ({ value: one.id, label: `${one.orgSlug}/${one.slug}` })),
          ]}
        />
        <Show when={search.run}>
          <Button onClick={() => setSearch({ run: null }, { replace: true })}>Of one run: show all</Button>
        </Show>
      </div>
      <Switch>
        <Match when={decided.error}>
          {(error) => (
            <ErrorState
              title="The decisions could not be loaded"
              error={error()}
              retry={() => void decided.refetch()}
            />
          )}
        </Match>
        <Match when={decided.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading the decisions
          </p>
        </Match>
        <Match when={items().length === 0}>
          <EmptyState
            icon={<CircleCheck />}
            title={isFiltered() ? "Nothing of this kind was decided" : "Nothing was decided yet"}
            text="Approvals that were given, refused, not decided in time or made void by a change come here, with who decided, when and why."
          />
        </Match>
        <Match when={items().length > 0}>
          <ul
            ref={(element) => (list = element)}
            aria-label="Decided approvals"
            class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
          >
            <For each={items()}>{(approval) => <DecidedApproval approval={approval} />}</For>
          </ul>
          <Show when={decided.hasNextPage}>
            <Button
              class="self-center"
              pending={decided.isFetchingNextPage}
              onClick={() => void decided.fetchNextPage()}
            >
              Show older decisions
            </Button>
          </Show>
        </Match>
      </Switch>
    </>
  );
}

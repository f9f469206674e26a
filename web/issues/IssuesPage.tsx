import { useParams, useSearchParams } from "@solidjs/router";
import { createInfiniteQuery, useQueryClient } from "@tanstack/solid-query";
import CircleDot from "lucide-solid/icons/circle-dot";
import Plus from "lucide-solid/icons/plus";
import Search from "lucide-solid/icons/search";
import { createSignal, For, Match, onCleanup, Show, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { LabelChips } from "../discussion/Labels.tsx";
import { createProject, createRunsListener, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { IssueState } from "./IssueState.tsx";
import { NewIssue } from "./NewIssue.tsx";
import { counted } from "../../shared/counted.ts";

type Issue = Outputs["issues"]["list"][number];
const pageSize = 50;

/** `/:org/:project/issues?state=…&search=…&label=…` */
export function IssuesPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  const [asking, setAsking] = createSignal(false);
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Issues" },
        ]}
        primary={
          <Show when={mayWrite(project.data?.role)}>
            <Button
              variant="primary"
              icon={<Plus class="size-4" aria-hidden="true" />}
              onClick={() => setAsking(true)}
            >
              New issue
            </Button>
          </Show>
        }
      >
        <Column wide>
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
            <Match when={project.data?.id} keyed>
              {(id) => (
                <>
                  <Show when={project.data}>
                    {(loaded) => (
                      <IssuesList project={loaded()} base={base()} onNew={() => setAsking(true)} />
                    )}
                  </Show>
                  <Show when={asking()}>
                    <NewIssue projectId={id} base={base()} open onOpenChange={setAsking} />
                  </Show>
                </>
              )}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function IssuesList(props: { project: Project; base: string; onNew: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams<{ state?: string; search?: string; label?: string }>();
  const state = () => (search.state === "closed" || search.state === "all" ? search.state : "open");
  const [words, setWords] = createSignal(search.search ?? "");
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const look = (text: string) => {
    setWords(text);
    clearTimeout(timer);
    timer = setTimeout(() => setSearch({ search: text.trim() || null }, { replace: true }), 250);
  };
  const issues = createInfiniteQuery(() => {
    const { search: text, label } = search;
    return {
      queryKey: ["issues", props.project.id, state(), text ?? "", label ?? ""],
      queryFn: ({ pageParam }: { pageParam: number | null }) =>
        api.issues.list.query({
          projectId: props.project.id,
          limit: pageSize,
          ...filterOf(state()),
          ...(text ? { search: text } : {}),
          ...(label ? { label } : {}),
          ...(pageParam === null ? {} : { before: pageParam }),
        }),
      initialPageParam: null as number | null,
      getNextPageParam: (page: Issue[]) =>
        page.length < pageSize ? null : (page[page.length - 1]?.number ?? null),
    };
  });
  createRunsListener(
    () => `project:${props.project.id}`,
    () => void queries.invalidateQueries({ queryKey: ["issues", props.project.id] }),
  );
  const items = () => issues.data?.pages.flat() ?? [];
  const isFiltered = () => Boolean(search.search) || Boolean(search.label) || state() !== "open";
  const clear = () => {
    setWords("");
    setSearch({ state: null, search: null, label: null });
  };
  return (
    <>
      <div class="flex flex-wrap items-center gap-2">
        <TextField
          class="min-w-40 flex-1"
          label="Search in issues"
          hideLabel
          type="search"
          placeholder="Search in titles and texts"
          icon={<Search aria-hidden="true" />}
          value={words()}
          onChange={look}
        />
        <Select
          label="State"
          hideLabel
          value={state()}
          onChange={(value) => setSearch({ state: value === "open" ? null : value })}
          options={[
            { value: "open", label: "Open" },
            { value: "closed", label: "Closed" },
            { value: "all", label: "Any state" },
          ]}
        />
        <Show when={search.label}>
          {(label) => <Button onClick={() => setSearch({ label: null })}>Label {label()}: show all</Button>}
        </Show>
      </div>
      <Switch>
        <Match when={issues.error && items().length === 0 ? issues.error : undefined}>
          {(error) => (
            <ErrorState
              title="The issues could not be loaded"
              error={error()}
              retry={() => void issues.refetch()}
            />
          )}
        </Match>
        <Match when={issues.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading issues
          </p>
        </Match>
        <Match when={items().length === 0 && isFiltered()}>
          <EmptyState
            title="No issue matches these filters"
            action={<Button onClick={clear}>Clear filters</Button>}
          />
        </Match>
        <Match when={items().length === 0}>
          <EmptyState
            icon={<CircleDot />}
            title="No open issues"
            text="An issue is something to fix, to build or to talk about. A workflow can start when one is opened or labelled."
            action={
              <Show when={mayWrite(props.project.role)}>
                <Button onClick={() => props.onNew()}>New issue</Button>
              </Show>
            }
          />
        </Match>
        <Match when={items().length > 0}>
          <ul
            aria-label="Issues"
            class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
          >
            <For each={items()}>{(issue) => <IssueRow issue={issue} base={props.base} />}</For>
          </ul>
          <Show when={issues.hasNextPage}>
            <div class="flex justify-center">
              <Button pending={issues.isFetchingNextPage} onClick={() => void issues.fetchNextPage()}>
                Show older issues
              </Button>
            </div>
          </Show>
        </Match>
      </Switch>
    </>
  );
}

function IssueRow(props: { issue: Issue; base: string }) {
  return (
    <li class="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 hover:bg-hover">
      <IssueState state={props.issue.state} />
      <a
        href={`${props.base}/issues/${props.issue.number}`}
        class="min-w-0 flex-1 basis-48 truncate font-medium after:absolute after:inset-0 after:content-['']"
      >
        {props.issue.title} <span class="tabular font-normal text-muted">#{props.issue.number}</span>
      </a>
      <LabelChips labels={props.issue.labels} />
      <span class="text-xs text-muted">
        <Show when={props.issue.comments > 0}>{counted(props.issue.comments, "comment")} · </Show>
        <RelativeTime at={props.issue.updatedAt} />
      </span>
    </li>
  );
}

function filterOf(state: "open" | "closed" | "all"): { state?: "open" | "closed" } {
  return state === "all" ? {} : { state };
}

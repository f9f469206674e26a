import { useParams, useSearchParams } from "@solidjs/router";
import { createInfiniteQuery, createQuery, useQueryClient } from "@tanstack/solid-query";
import CirclePlay from "lucide-solid/icons/circle-play";
import { createEffect, For, Match, Show, Switch } from "solid-js";
import { runStatuses, type RunStatus } from "../../shared/run/events.ts";
import { useApi } from "../api.ts";
import { createProject, createRunsListener, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button, LinkButton } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { statusWord } from "../ui/StatusBadge.tsx";
import { RunRow } from "./RunRow.tsx";

/** `/:org/:project/runs?status=…&workflow=…`: the runs of a project, newest first, kept current. */
export function RunsPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Runs" },
        ]}
        primary={
          <LinkButton
            variant="primary"
            href={`${base()}/workflows`}
            icon={<CirclePlay class="size-4" aria-hidden="true" />}
          >
            Run a workflow
          </LinkButton>
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
              {(_id) => (
                <Show when={project.data}>{(loaded) => <RunsList project={loaded()} base={base()} />}</Show>
              )}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function RunsList(props: { project: Project; base: string }) {
  const api = useApi();
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams<{ status?: string; workflow?: string }>();
  const status = (): RunStatus | undefined => runStatuses.find((each) => each === search.status);
  const runs = createInfiniteQuery(() => ({
    queryKey: ["runs", props.project.id, status() ?? "", search.workflow ?? ""],
    queryFn: ({ pageParam }: { pageParam: string | null }) =>
      api.runs.list.query({
        projectId: props.project.id,
        cursor: pageParam,
        ...(status() === undefined ? {} : { status: status() }),
        ...(search.workflow ? { workflowPath: search.workflow } : {}),
      }),
    initialPageParam: null,
    getNextPageParam: (page: { nextCursor: string | null }) => page.nextCursor,
  }));
  const workflows = createQuery(() => ({
    queryKey: ["workflows", props.project.id],
    queryFn: () => api.workflows.list.query({ projectId: props.project.id }),
  }));
  const again = () => void queries.invalidateQueries({ queryKey: ["runs", props.project.id] });
  createRunsListener(() => `project:${props.project.id}`, again);
  const items = () => runs.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = () => search.status !== undefined || search.workflow !== undefined;
  const clear = () => setSearch({ status: null, workflow: null });
  createEffect(() => {
    // A status that does not exist, from an old or mistyped URL, would show as an empty list without a reason.
    if (search.status !== undefined && status() === undefined) setSearch({ status: null }, { replace: true });
  });

  return (
    <>
      <div class="flex flex-wrap items-center gap-2">
        <Select
          label="Status"
          hideLabel
          value={status() ?? "all"}
          onChange={(value) => setSearch({ status: value === "all" ? null : value })}
          options={[
            { value: "all", label: "Any status" },
            ...runStatuses.map((each) => ({ value: each as string, label: statusWord(each) })),
          ]}
        />
        <Select
          label="Workflow"
          hideLabel
          value={search.workflow ?? "all"}
          onChange={(value) => setSearch({ workflow: value === "all" ? null : value })}
          options={[
            { value: "all", label: "Any workflow" },
            ...(workflows.data ?? []).map((workflow) => ({ value: workflow.path, label: workflow.name })),
          ]}
        />
        <Show when={filtered()}>
          <Button variant="ghost" onClick={clear}>
            Clear filters
          </Button>
        </Show>
      </div>
      <Switch>
        <Match when={runs.error && items().length === 0 ? runs.error : undefined}>
          {(error) => (
            <ErrorState
              title="The runs could not be loaded"
              error={error()}
              retry={() => void runs.refetch()}
            />
          )}
        </Match>
        <Match when={runs.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading runs
          </p>
        </Match>
        <Match when={items().length === 0 && filtered()}>
          <EmptyState
            title="No run matches these filters"
            action={<Button onClick={clear}>Clear filters</Button>}
          />
        </Match>
        <Match when={items().length === 0}>
          <EmptyState
            icon={<CirclePlay />}
            title="No runs yet"
            text="Runs of this project's workflows appear here as they happen, with their logs and what they made."
            action={
              <>
                <LinkButton href={`${props.base}/workflows`}>Workflows</LinkButton>
                <LinkButton href="?operationalize=open">Operationalize</LinkButton>
              </>
            }
          />
        </Match>
        <Match when={items().length > 0}>
          <ul
            aria-label="Runs"
            class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
          >
            <For each={items()}>
              {(run) => <RunRow run={run} href={`${props.base}/runs/${run.number}`} />}
            </For>
          </ul>
          <Show when={runs.hasNextPage}>
            <Button
              class="self-center"
              pending={runs.isFetchingNextPage}
              onClick={() => void runs.fetchNextPage()}
            >
              Show older runs
            </Button>
          </Show>
        </Match>
      </Switch>
    </>
  );
}

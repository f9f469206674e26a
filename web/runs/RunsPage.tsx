import { useParams, useSearchParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import CirclePlay from "lucide-solid/icons/circle-play";
import { createMemo, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createProject, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { LinkButton } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { createRunsList } from "./createRunsList.ts";
import { RunFilterBar } from "./RunFilterBar.tsx";
import { noFilters, toRunFilter, type RunFilters } from "./runFilters.ts";
import { RunsTable } from "./RunsTable.tsx";

/** `/:org/:project/runs?status=…&workflow=…`: the runs of a project, newest first, kept current. */
export function RunsPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: `/${params["org"]}/runs` },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Runs" },
        ]}
        tools={
          <LinkButton variant="ghost" href={`${base()}/logs`}>
            Search logs
          </LinkButton>
        }
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
  const [search, setSearch] = useSearchParams<RunFilters & Record<string, string>>();
  const projectId = props.project.id;
  const filters = createMemo((): RunFilters => {
    const { status, workflow, trigger, ref, actor, text, since } = search;
    return { status, workflow, trigger, ref, actor, text, since } as RunFilters;
  });
  const runs = createRunsList(
    () => `project:${projectId}`,
    createMemo(() => {
      const filter = toRunFilter(filters(), Date.now());
      return (cursor: string | null) => api.runs.list.query({ projectId, cursor, ...filter });
    }),
  );
  const workflows = createQuery(() => ({
    queryKey: ["workflows", projectId],
    queryFn: () => api.workflows.list.query({ projectId }),
  }));
  const members = createQuery(() => ({
    queryKey: ["members", props.project.orgId],
    queryFn: () => api.orgs.members.query({ orgId: props.project.orgId }),
  }));
  const clear = () => setSearch(noFilters);
  return (
    <>
      <RunFilterBar
        filters={filters()}
        onChange={(change) => setSearch(change, { replace: true })}
        onClear={clear}
        workflows={workflows.data ?? []}
        people={members.data ?? []}
      />
      <RunsTable
        runs={runs}
        filtered={Object.values(filters()).some((value) => value !== undefined)}
        onClear={clear}
        comparable
        empty={
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
        }
      />
    </>
  );
}

import { useParams, useSearchParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import CirclePlay from "lucide-solid/icons/circle-play";
import { createMemo, Match, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createMe } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { createRunsList } from "./createRunsList.ts";
import { RunFilterBar } from "./RunFilterBar.tsx";
import { noFilters, toRunFilter, type RunFilters } from "./runFilters.ts";
import { RunsTable } from "./RunsTable.tsx";

/** `/:org/runs`: the runs of all projects of an organisation. */
export function OrgRunsPage() {
  const params = useParams();
  const me = createMe();
  const org = () => me.data?.orgs.find((each) => each.slug === params["org"]);
  return (
    <SignedIn>
      <Page crumbs={[{ label: org()?.name ?? params["org"] ?? "", href: "/" }, { label: "Runs" }]}>
        <Column wide>
          <Switch>
            <Match when={me.error}>
              {(error) => (
                <ErrorState
                  title="The organisation could not be loaded"
                  error={error()}
                  retry={() => void me.refetch()}
                />
              )}
            </Match>
            <Match when={org()?.id} keyed>
              {(orgId) => <OrgRuns orgId={orgId} />}
            </Match>
            <Match when={me.data}>
              <EmptyState title={`There is no organisation ${params["org"]} that you are a member of`} />
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function OrgRuns(props: { orgId: string }) {
  const api = useApi();
  const [search, setSearch] = useSearchParams<RunFilters & Record<string, string>>();
  const { orgId } = props;
  const filters = createMemo((): RunFilters => {
    const { status, workflow, trigger, ref, actor, text, since } = search;
    return { status, workflow, trigger, ref, actor, text, since } as RunFilters;
  });
  const runs = createRunsList(
    () => `org:${orgId}`,
    createMemo(() => {
      const filter = toRunFilter(filters(), Date.now());
      return (cursor: string | null) => api.runs.listOfOrg.query({ orgId, cursor, ...filter });
    }),
  );
  const members = createQuery(() => ({
    queryKey: ["members", orgId],
    queryFn: () => api.orgs.members.query({ orgId }),
  }));
  /** Workflows of the runs that are shown: those of all projects would be a long list. */
  const workflows = () =>
    [...new Set(runs.items().map((run) => run.workflowPath))].map((path) => ({ path, name: path }));
  const clear = () => setSearch(noFilters);
  return (
    <>
      <RunFilterBar
        filters={filters()}
        onChange={(change) => setSearch(change, { replace: true })}
        onClear={clear}
        workflows={workflows()}
        people={members.data ?? []}
      />
      <RunsTable
        runs={runs}
        filtered={Object.values(filters()).some((value) => value !== undefined)}
        onClear={clear}
        showProject
        empty={
          <EmptyState
            icon={<CirclePlay />}
            title="No runs yet"
            text="Runs of every project of this organisation appear here as they happen."
          />
        }
      />
    </>
  );
}

import { useParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createMemo, Match, Show, Switch } from "solid-js";
import { emptyRunView, reduceOutline, stepOf } from "../../shared/run/reduceRun.ts";
import { emptyLog } from "../../shared/run/stepLog.ts";
import { useApi } from "../api.ts";
import { createLiveRun } from "../live.ts";
import { createProject } from "../project.ts";
import { useSession } from "../session.tsx";
import { SignedIn } from "../SignedIn.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { createEndedLog, createLiveLog } from "./logSource.ts";
import { RunScreen, type RunPlace } from "./RunScreen.tsx";

/** `/:org/:project/runs/:number`: one run, live. */
export function RunPage() {
  return (
    <SignedIn>
      <LoadedRun />
    </SignedIn>
  );
}

function LoadedRun() {
  const api = useApi();
  const params = useParams();
  const project = createProject();
  const number = () => Number(params["number"]);
  const run = createQuery(() => ({
    queryKey: ["run", project.data?.id, number()],
    queryFn: () => api.runs.get.query({ projectId: project.data?.id ?? "", number: number() }),
    enabled: project.data !== undefined && Number.isInteger(number()),
  }));
  const both = () => (project.data && run.data ? { project: project.data, run: run.data } : null);
  const crumbs = () => [
    { label: params["org"] ?? "", href: "/" },
    { label: project.data?.name ?? params["project"] ?? "", href: `/${params["org"]}/${params["project"]}` },
    { label: "Runs", href: `/${params["org"]}/${params["project"]}/runs` },
    { label: `#${params["number"]}` },
  ];
  return (
    <Switch
      fallback={
        <Page crumbs={crumbs()}>
          <p class="flex items-center gap-2 p-6 text-muted">
            <Spinner /> Loading the run
          </p>
        </Page>
      }
    >
      <Match when={project.error ?? run.error}>
        {(error) => (
          <Page crumbs={crumbs()}>
            <ErrorState
              title="The run could not be loaded"
              error={error()}
              retry={() => void (project.error ? project : run).refetch()}
            />
          </Page>
        )}
      </Match>
      <Match when={both()?.run.id} keyed>
        {(_id) => (
          <Show when={both()}>
            {(loaded) => {
              const props = { run: loaded().run, project: loaded().project, crumbs: crumbs() };
              return loaded().run.logs === "events" ? <LiveRun {...props} /> : <EndedRun {...props} />;
            }}
          </Show>
        )}
      </Match>
    </Switch>
  );
}

/** A run whose log is in its events: they are followed as they come. */
function LiveRun(props: RunPlace) {
  const api = useApi();
  const session = useSession();
  const runId = props.run.id;
  const { view, freshness } = createLiveRun({
    runId,
    topics: session.topics,
    eventsAfter: (afterSeq) => api.runs.eventsAfter.query({ runId, afterSeq, limit: 1000 }),
  });
  return (
    <RunScreen
      {...props}
      view={view()}
      freshness={freshness()}
      logOf={(stepId) => createLiveLog(() => stepOf(view(), stepId)?.log ?? emptyLog)}
    />
  );
}

/** A run that has ended: all but its log at once, and of the log what is looked at. */
function EndedRun(props: RunPlace) {
  const api = useApi();
  const runId = props.run.id;
  const outline = createQuery(() => ({
    queryKey: ["outline", runId],
    queryFn: () => api.history.outline.query({ runId }),
    staleTime: Infinity,
  }));
  const view = createMemo(() =>
    outline.data === undefined ? emptyRunView(runId) : reduceOutline(runId, outline.data.events),
  );
  const freshness = () => (outline.error ? "offline" : outline.data === undefined ? "loading" : "live");
  return (
    <RunScreen
      {...props}
      view={view()}
      freshness={freshness()}
      logOf={(stepId) => {
        const header = outline.data?.logs.find((log) => log.stepId === stepId);
        return createEndedLog({
          lines: header?.lines ?? 0,
          groups: header?.groups ?? [],
          fetch: (from, to) => api.history.logPages.query({ runId, stepId, from, to }),
          find: (words) => api.history.findInLog.query({ runId, stepId, words }),
        });
      }}
    />
  );
}

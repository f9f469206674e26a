import { useLocation, useParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createMemo, Match, Show, Switch } from "solid-js";
import { reduceOutline, stepOf } from "../../shared/run/reduceRun.ts";
import { emptyLog } from "../../shared/run/stepLog.ts";
import { useApi, type Outputs } from "../api.ts";
import { createLiveRun } from "../live.ts";
import { createProject } from "../project.ts";
import { useSession } from "../session.tsx";
import { SignedIn } from "../SignedIn.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { createEndedLog, createLiveLog } from "./logSource.ts";
import { lineOf } from "./lineOf.ts";
import { RunScreen, type RunPlace } from "./RunScreen.tsx";

type Opened = Outputs["history"]["open"];

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
  const location = useLocation();
  // By address and beside the project, not after it: one answer has all that the page begins with.
  const opened = createQuery(() => ({
    queryKey: ["run", params["org"], params["project"], number()],
    queryFn: () =>
      api.history.open.query({
        org: params["org"] ?? "",
        project: params["project"] ?? "",
        number: number(),
        step: location.query["step"]?.toString() || null,
        line: lineOf(location.hash),
      }),
    enabled: Number.isInteger(number()) && number() > 0,
  }));
  const both = () => (project.data && opened.data ? { project: project.data, opened: opened.data } : null);
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
      <Match when={project.error ?? opened.error}>
        {(error) => (
          <Page crumbs={crumbs()}>
            <ErrorState
              title="The run could not be loaded"
              error={error()}
              retry={() => void (project.error ? project : opened).refetch()}
            />
          </Page>
        )}
      </Match>
      <Match when={both()?.opened.run.id} keyed>
        {(_id) => (
          <Show when={both()}>
            {(loaded) => {
              // As it was when the page was opened: a run that ends while it is looked at is followed to its end.
              const Kind = loaded().opened.run.logs === "events" ? LiveRun : EndedRun;
              return (
                <Kind
                  run={loaded().opened.run}
                  opened={loaded().opened}
                  project={loaded().project}
                  crumbs={crumbs()}
                />
              );
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
function EndedRun(props: RunPlace & { opened: Opened }) {
  const api = useApi();
  const runId = props.run.id;
  const outline = () => props.opened.outline;
  const view = createMemo(() => reduceOutline(runId, outline()?.events ?? []));
  return (
    <RunScreen
      {...props}
      view={view()}
      freshness="live"
      logOf={(stepId) => {
        const header = outline()?.logs.find((log) => log.stepId === stepId);
        const { first } = props.opened;
        return createEndedLog({
          lines: header?.lines ?? 0,
          groups: header?.groups ?? [],
          known: first?.stepId === stepId ? first.pages : [],
          fetch: (from, to) => api.history.logPages.query({ runId, stepId, from, to }),
          find: (words) => api.history.findInLog.query({ runId, stepId, words }),
        });
      }}
    />
  );
}

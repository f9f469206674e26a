import { useLocation, useParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createEffect, createMemo, lazy, Match, Show, Suspense, Switch } from "solid-js";
import { reduceOutline } from "../../shared/run/reduceRun.ts";
import { useApi, type Outputs } from "../api.ts";
import { projectKey } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { createEndedLog } from "./logSource.ts";
import { lineOf } from "./lineOf.ts";
import { openedRunKey } from "./runAddress.ts";
import { RunScreen, type RunPlace } from "./RunScreen.tsx";

// Follows events, and checks each that arrives: more than the page of an ended run needs.
const LiveRun = lazy(async () => ({ default: (await import("./LiveRun.tsx")).LiveRun }));

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
  const queries = useQueryClient();
  const params = useParams();
  const location = useLocation();
  const number = () => Number(params["number"]);
  // By address: one answer has all that the page begins with, the project too. It may be under way since before the
  // Studio was loaded.
  const opened = createQuery(() => {
    const place = { org: params["org"] ?? "", project: params["project"] ?? "", number: number() };
    return {
      queryKey: openedRunKey(place),
      queryFn: () =>
        api.history.open.query({
          ...place,
          step: location.query["step"]?.toString() || null,
          line: lineOf(location.hash),
        }),
      enabled: Number.isInteger(number()) && number() > 0,
    };
  });
  createEffect(() => {
    const project = opened.data?.project;
    if (project !== undefined)
      queries.setQueryData(projectKey(params["org"] ?? "", params["project"] ?? ""), project);
  });
  const crumbs = () => [
    { label: params["org"] ?? "", href: "/" },
    {
      label: opened.data?.project.name ?? params["project"] ?? "",
      href: `/${params["org"]}/${params["project"]}`,
    },
    { label: "Runs", href: `/${params["org"]}/${params["project"]}/runs` },
    { label: `#${params["number"]}` },
  ];
  const loading = () => (
    <Page crumbs={crumbs()}>
      <p class="flex items-center gap-2 p-6 text-muted">
        <Spinner /> Loading the run
      </p>
    </Page>
  );
  return (
    <Switch fallback={loading()}>
      <Match when={opened.error}>
        {(error) => (
          <Page crumbs={crumbs()}>
            <ErrorState
              title="The run could not be loaded"
              error={error()}
              retry={() => void opened.refetch()}
            />
          </Page>
        )}
      </Match>
      <Match when={opened.data?.run.id} keyed>
        {(_id) => (
          <Show when={opened.data}>
            {(loaded) => {
              // As it was when the page was opened: a run that ends while it is looked at is followed to its end.
              const Kind = loaded().run.logs === "events" ? LiveRun : EndedRun;
              return (
                <Suspense fallback={loading()}>
                  <Kind run={loaded().run} opened={loaded()} project={loaded().project} crumbs={crumbs()} />
                </Suspense>
              );
            }}
          </Show>
        )}
      </Match>
    </Switch>
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

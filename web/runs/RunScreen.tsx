import { useLocation, useNavigate, useSearchParams } from "@solidjs/router";
import { useQueryClient } from "@tanstack/solid-query";
import { createEffect, createMemo, For, lazy, Match, on, Show, Suspense, Switch } from "solid-js";
import { stepOf, type RunView } from "../../shared/run/reduceRun.ts";
import { stepOfInterest } from "../../shared/run/stepOfInterest.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import type { Outputs } from "../api.ts";
import type { Freshness } from "../live.ts";
import { mayWrite, type Project } from "../project.ts";
import { createCommands } from "../ui/commands.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { statusWord } from "../ui/StatusBadge.tsx";
import { ApprovalCard } from "./ApprovalCard.tsx";
import { ArtifactList } from "./ArtifactList.tsx";
import { lineOf } from "./lineOf.ts";
import type { LogSource } from "./logSource.ts";
import { RunActions } from "./RunActions.tsx";
import { RunDecisions } from "./RunDecisions.tsx";
import { RunStatusLine } from "./RunStatusLine.tsx";
import { runTabs, RunTabs, type RunTab } from "./RunTabs.tsx";
import { StepList } from "./StepList.tsx";
import { StepPane } from "./StepPane.tsx";

// Graphs bring a library of their own; the others are looked at less often than the log.
const RunGraph = lazy(async () => ({ default: (await import("./RunGraph.tsx")).RunGraph }));
const ArtifactView = lazy(async () => ({ default: (await import("./ArtifactView.tsx")).ArtifactView }));
const RunArtifacts = lazy(async () => ({ default: (await import("./RunArtifacts.tsx")).RunArtifacts }));
const RunTimeline = lazy(async () => ({ default: (await import("./RunTimeline.tsx")).RunTimeline }));
const RunEvents = lazy(async () => ({ default: (await import("./RunEvents.tsx")).RunEvents }));

export interface RunPlace {
  run: Outputs["runs"]["get"];
  project: Project;
  crumbs: { label: string; href?: string }[];
}

interface RunScreenProps extends RunPlace {
  view: RunView;
  freshness: Freshness;
  /** The log of a step; made anew for each that is shown, and disposed of with it. */
  logOf: (stepId: string) => LogSource;
}

/** The page of one run: status, steps, and the view of it that the URL names. */
export function RunScreen(props: RunScreenProps) {
  const queries = useQueryClient();
  const location = useLocation();
  const [search, setSearch] = useSearchParams<{
    step?: string;
    artifact?: string;
    find?: string;
    view?: string;
  }>();
  const runId = props.run.id;
  const view = () => props.view;
  // Until the events are here, the page shows what the run's row says.
  const status = () => (view().lastSeq === 0 ? props.run.status : view().status);
  const selectedStep = createMemo(() => search.step ?? stepOfInterest(view().steps)?.id ?? null);
  const step = createMemo(() => {
    const id = selectedStep();
    return id === null ? undefined : stepOf(view(), id);
  });
  const artifact = createMemo(() => view().artifacts.find((each) => each.id === search.artifact));
  const waiting = createMemo(() =>
    view().approvals.filter((approval) => approval.decision === null && !isFinal(status())),
  );

  createEffect(
    on(status, () => void queries.invalidateQueries({ queryKey: ["runs", props.project.id] }), {
      defer: true,
    }),
  );
  const tab = (): RunTab => runTabs.find((each) => each === search.view) ?? "log";
  const openTab = (next: RunTab) =>
    setSearch({ view: next === "log" ? null : next, artifact: null, find: null }, { replace: true });
  const select = (stepId: string) =>
    setSearch({ step: stepId, artifact: null, find: null }, { replace: true });
  const showLog = (stepId: string) =>
    setSearch({ step: stepId, view: null, artifact: null, find: null }, { replace: true });
  const runsBase = () => location.pathname.replace(/\/\d+$/, "");
  const move = (by: number) => {
    const steps = view().steps;
    const at = steps.findIndex((each) => each.id === selectedStep());
    const next = steps[at + by];
    if (next !== undefined) select(next.id);
  };
  const navigate = useNavigate();
  const linkLine = (line: number) => {
    const query = new URLSearchParams({ step: selectedStep() ?? "" });
    navigate(`${location.pathname}?${query}#L${line}`, { replace: true, scroll: false });
  };
  createCommands([
    { id: "run.next", title: "Next step", section: "Run", keys: "j", run: () => move(1) },
    { id: "run.previous", title: "Previous step", section: "Run", keys: "k", run: () => move(-1) },
  ]);

  return (
    <Page
      fill
      crumbs={props.crumbs}
      title={`${statusWord(status())} · ${props.run.name} #${props.run.number} · ${props.project.name}`}
      primary={
        <RunActions
          run={props.run}
          view={view()}
          over={isFinal(status())}
          mayWrite={mayWrite(props.project.role)}
        />
      }
    >
      <RunStatusLine run={props.run} view={view()} freshness={props.freshness} base={runsBase()} />
      <div class="flex min-h-0 flex-1 flex-col max-md:overflow-y-auto md:flex-row">
        <div class="flex shrink-0 flex-col gap-6 border-line p-2 max-md:border-b md:w-64 md:overflow-y-auto md:border-r lg:w-72">
          <StepList steps={view().steps} selected={artifact() ? null : selectedStep()} onSelect={select} />
          <ArtifactList
            artifacts={view().artifacts}
            selected={search.artifact ?? null}
            onSelect={(id) => setSearch({ artifact: id }, { replace: true })}
          />
          <RunDecisions view={view()} />
        </div>
        <div class="flex min-h-0 min-w-0 flex-1 flex-col max-md:min-h-[70vh]">
          <Show when={waiting().length > 0}>
            <div class="flex shrink-0 md:max-h-[60%] flex-col gap-3 overflow-y-auto border-b border-line bg-waiting-soft p-3">
              <For each={waiting()}>
                {(approval) => <ApprovalCard {...approval} mayDecide={mayWrite(props.project.role)} />}
              </For>
            </div>
          </Show>
          <RunTabs current={artifact() ? null : tab()} onSelect={openTab} />
          <Show
            when={artifact()}
            fallback={
              <Suspense fallback={<Spinner />}>
                <Switch>
                  <Match when={view().steps.length === 0}>
                    <p class="p-4 text-muted">The run has not been planned yet.</p>
                  </Match>
                  <Match when={tab() === "graph"}>
                    <RunGraph steps={view().steps} selected={selectedStep()} onSelect={select} />
                  </Match>
                  <Match when={tab() === "timeline"}>
                    <RunTimeline view={view()} selected={selectedStep()} onSelect={showLog} />
                  </Match>
                  <Match when={tab() === "artifacts"}>
                    <RunArtifacts runId={runId} count={view().artifacts.length} base={runsBase()} />
                  </Match>
                  <Match when={tab() === "events"}>
                    <RunEvents runId={runId} lastSeq={view().lastSeq} over={isFinal(status())} />
                  </Match>
                  <Match when={step()?.id} keyed>
                    {(stepId) => {
                      // Once for the step: as a property it would be made anew at every look at it.
                      const log = props.logOf(stepId);
                      return (
                        <StepPane
                          step={stepOf(view(), stepId)}
                          log={log}
                          deleted={props.run.logs === "deleted"}
                          name={`${props.project.slug}-${props.run.number}-${stepId}`}
                          line={lineOf(location.hash)}
                          onLine={linkLine}
                          find={search.find}
                        />
                      );
                    }}
                  </Match>
                </Switch>
              </Suspense>
            }
          >
            {(shown) => (
              <Suspense fallback={<Spinner />}>
                <ArtifactView
                  artifact={shown()}
                  base={runsBase()}
                  runId={runId}
                  projectId={props.project.id}
                  mayWrite={mayWrite(props.project.role)}
                />
              </Suspense>
            )}
          </Show>
        </div>
      </div>
    </Page>
  );
}

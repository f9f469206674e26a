import { useLocation, useNavigate, useParams, useSearchParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import Ban from "lucide-solid/icons/ban";
import RotateCcw from "lucide-solid/icons/rotate-ccw";
import WifiOff from "lucide-solid/icons/wifi-off";
import { createEffect, createMemo, createSignal, For, Match, on, Show, Switch } from "solid-js";
import { stepOf, type RunView, type StepView } from "../../shared/run/reduceRun.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import { useApi, type Outputs } from "../api.ts";
import { createLiveRun, type Freshness } from "../live.ts";
import { createProject, mayWrite, type Project } from "../project.ts";
import { useSession } from "../session.tsx";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { createCommands } from "../ui/commands.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { formatDuration } from "../ui/formatTime.ts";
import { Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusBadge, statusWord } from "../ui/StatusBadge.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { ApprovalCard } from "./ApprovalCard.tsx";
import { ArtifactList } from "./ArtifactList.tsx";
import { ArtifactView } from "./ArtifactView.tsx";
import { Elapsed } from "./Elapsed.tsx";
import { LogView } from "./LogView.tsx";
import { StepList } from "./StepList.tsx";

type Run = Outputs["runs"]["get"];

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
            {(loaded) => <LiveRunPage run={loaded().run} project={loaded().project} crumbs={crumbs()} />}
          </Show>
        )}
      </Match>
    </Switch>
  );
}

interface LiveRunPageProps {
  run: Run;
  project: Project;
  crumbs: { label: string; href?: string }[];
}

/** Which step's log is shown when the URL names none: what failed, else what runs or waits, else the last with output. */
function stepOfInterest(view: RunView): string | null {
  const by = (...statuses: StepView["status"][]) => view.steps.find((step) => statuses.includes(step.status));
  const ended = view.steps.filter((step) => step.status === "succeeded").at(-1);
  const step = by("failed") ?? by("waiting") ?? by("running") ?? by("canceled") ?? ended ?? view.steps[0];
  return step?.id ?? null;
}

function lineOf(hash: string): number | null {
  const match = /^#L(\d+)$/.exec(hash);
  return match === null ? null : Number(match[1]);
}

function LiveRunPage(props: LiveRunPageProps) {
  const api = useApi();
  const session = useSession();
  const queries = useQueryClient();
  const location = useLocation();
  const [search, setSearch] = useSearchParams<{ step?: string; artifact?: string; find?: string }>();
  const runId = props.run.id;
  const { view, freshness } = createLiveRun({
    runId,
    topics: session.topics,
    eventsAfter: (afterSeq) => api.runs.eventsAfter.query({ runId, afterSeq, limit: 1000 }),
  });
  // Until the events are here, the page shows what the run's row says.
  const status = () => (view().lastSeq === 0 ? props.run.status : view().status);
  const selectedStep = createMemo(() => search.step ?? stepOfInterest(view()));
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
  const select = (stepId: string) =>
    setSearch({ step: stepId, artifact: null, find: null }, { replace: true });
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
      <StatusLine run={props.run} view={view()} freshness={freshness()} />
      <div class="flex min-h-0 flex-1 flex-col max-md:overflow-y-auto md:flex-row">
        <div class="flex shrink-0 flex-col gap-6 border-line p-2 max-md:border-b md:w-64 md:overflow-y-auto md:border-r lg:w-72">
          <StepList steps={view().steps} selected={artifact() ? null : selectedStep()} onSelect={select} />
          <ArtifactList
            artifacts={view().artifacts}
            selected={search.artifact ?? null}
            onSelect={(id) => setSearch({ artifact: id }, { replace: true })}
          />
          <Denials view={view()} />
        </div>
        <div class="flex min-h-0 min-w-0 flex-1 flex-col max-md:min-h-[70vh]">
          <Show when={waiting().length > 0}>
            <div class="flex shrink-0 md:max-h-[60%] flex-col gap-3 overflow-y-auto border-b border-line bg-waiting-soft p-3">
              <For each={waiting()}>
                {(approval) => <ApprovalCard {...approval} mayDecide={mayWrite(props.project.role)} />}
              </For>
            </div>
          </Show>
          <Show
            when={artifact()}
            fallback={
              <Show
                when={step()?.id}
                keyed
                fallback={<p class="p-4 text-muted">The run has not been planned yet.</p>}
              >
                {(stepId) => (
                  <StepPane
                    step={stepOf(view(), stepId)}
                    name={`${props.project.slug}-${props.run.number}-${stepId}`}
                    line={lineOf(location.hash)}
                    onLine={linkLine}
                    find={search.find}
                  />
                )}
              </Show>
            }
          >
            {(shown) => (
              <ArtifactView
                artifact={shown()}
                runId={runId}
                projectId={props.project.id}
                mayWrite={mayWrite(props.project.role)}
              />
            )}
          </Show>
        </div>
      </div>
    </Page>
  );
}

/** One step: why it failed, if it did, and its log. */
function StepPane(props: {
  step: StepView | undefined;
  name: string;
  line: number | null;
  onLine: (line: number) => void;
  find: string | undefined;
}) {
  return (
    <Show when={props.step}>
      {(step) => (
        <>
          <Show when={step().failure}>
            {(failure) => (
              <div role="alert" class="shrink-0 border-b border-line bg-failed-soft px-4 py-2 text-failed">
                <strong class="font-medium">{step().name} failed.</strong> {failure().message}
                <Show
                  when={
                    step().exitCode !== null &&
                    step().exitCode !== 0 &&
                    !failure().message.includes(String(step().exitCode))
                  }
                >
                  {" "}
                  Exit code {step().exitCode}.
                </Show>
              </div>
            )}
          </Show>
          <LogView
            log={step().log}
            live={!isFinal(step().status)}
            name={props.name}
            line={props.line}
            onLine={props.onLine}
            find={props.find}
          />
        </>
      )}
    </Show>
  );
}

/** The first thing to read: what, why, since when. */
function StatusLine(props: { run: Run; view: RunView; freshness: Freshness }) {
  const status = () => (props.view.lastSeq === 0 ? props.run.status : props.view.status);
  const ran = () => {
    const { startedAt, finishedAt } = props.view;
    return startedAt === null || finishedAt === null ? null : finishedAt - startedAt;
  };
  /** Why the run failed, unless a step's banner says the same. */
  const ownFailure = () => {
    const failure = props.view.failure;
    const said = props.view.steps.some(
      (step) => step.failure !== null && failure?.message.includes(step.failure.message),
    );
    return said ? null : failure;
  };
  const why = () =>
    [props.run.createdBy === null ? "" : `by ${props.run.createdBy}`, props.run.trigger]
      .filter(Boolean)
      .join(" · ");
  return (
    <div class="flex shrink-0 flex-col gap-1 border-b border-line bg-surface px-4 py-3" aria-live="polite">
      <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StatusBadge
          status={status()}
          word={props.view.cancelRequested && !isFinal(status()) ? "Canceling" : undefined}
        />
        <h2 class="min-w-0 truncate text-base">{props.run.name}</h2>
        <span class="min-w-0 truncate font-mono text-xs text-muted">
          {props.run.ref}@{props.run.commit.slice(0, 7)}
        </span>
        <span class="tabular text-muted">
          <Show
            when={ran()}
            fallback={<Show when={props.view.startedAt}>{(since) => <Elapsed since={since()} />}</Show>}
          >
            {(ms) => formatDuration(ms())}
          </Show>
        </span>
        <Show when={props.freshness === "offline" || props.freshness === "polling"}>
          <span class="inline-flex items-center gap-1 text-waiting">
            <WifiOff class="size-4" aria-hidden="true" />
            {props.freshness === "offline"
              ? "Not connected. The run goes on; this page catches up."
              : "Connecting to live updates"}
          </span>
        </Show>
      </div>
      <p class="text-muted">
        {why()} · <span class="font-mono text-xs">{props.run.workflowPath}</span> ·{" "}
        <RelativeTime at={props.run.createdAt} />
        <Show when={props.run.dryRun}> · dry run</Show>
        <Show when={props.view.resumes > 0}>
          {" "}
          · taken over by another worker {props.view.resumes === 1 ? "once" : `${props.view.resumes} times`}
        </Show>
      </p>
      <Show when={ownFailure()}>{(failure) => <p class="text-failed">{failure().message}</p>}</Show>
    </div>
  );
}

function Denials(props: { view: RunView }) {
  return (
    <Show when={props.view.denials.length > 0}>
      <section aria-labelledby="denials" class="flex flex-col gap-1 px-2">
        <h2 id="denials" class="text-xs font-medium text-muted">
          Denied by policy
        </h2>
        <ul class="flex flex-col gap-2">
          <For each={props.view.denials}>
            {(denial) => (
              <li class="text-xs">
                <code class="text-failed">{denial.rule}</code>
                <p class="break-words text-muted">{denial.message}</p>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

/** Cancel while it is under way, run again when it is over. */
function RunActions(props: { run: Run; view: RunView; over: boolean; mayWrite: boolean }) {
  const api = useApi();
  const toasts = useToasts();
  const navigate = useNavigate();
  const location = useLocation();
  const [pending, setPending] = createSignal(false);
  // Made once per page of a finished run, so that a press repeated after a lost answer starts one run, not two.
  let nextId = crypto.randomUUID();
  const attempt = async (what: string, work: () => Promise<void>) => {
    setPending(true);
    try {
      await work();
    } catch (error) {
      toasts.fail(what, error);
    } finally {
      setPending(false);
    }
  };
  const rerun = () =>
    attempt("The run was not started again", async () => {
      const { number } = await api.runs.rerun.mutate({ id: nextId, runId: props.run.id });
      nextId = crypto.randomUUID();
      navigate(location.pathname.replace(/\d+$/, String(number)));
    });
  const cancel = () =>
    attempt("The run was not canceled", async () => {
      await api.runs.cancel.mutate({ runId: props.run.id });
    });
  return (
    <Show when={props.mayWrite}>
      <Show
        when={props.over}
        fallback={
          <Button
            pending={pending() || props.view.cancelRequested}
            icon={<Ban class="size-4" aria-hidden="true" />}
            onClick={() => void cancel()}
          >
            {props.view.cancelRequested ? "Canceling" : "Cancel run"}
          </Button>
        }
      >
        <Button
          variant="primary"
          pending={pending()}
          icon={<RotateCcw class="size-4" aria-hidden="true" />}
          onClick={() => void rerun()}
        >
          Run again
        </Button>
      </Show>
    </Show>
  );
}

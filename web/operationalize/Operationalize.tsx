import { useNavigate } from "@solidjs/router";
import { useQueryClient } from "@tanstack/solid-query";
import CircleCheck from "lucide-solid/icons/circle-check";
import GitPullRequest from "lucide-solid/icons/git-pull-request";
import { createMemo, createSignal, For, lazy, Match, onMount, Show, Suspense, Switch } from "solid-js";
import { isFinal } from "../../shared/run/transitions.ts";
import { useApi, type Outputs } from "../api.ts";
import { createLiveRun } from "../live.ts";
import { mayWrite, type Project } from "../project.ts";
import { useSession } from "../session.tsx";
import { Button, LinkButton } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { formatDuration } from "../ui/formatTime.ts";
import { Sheet } from "../ui/Sheet.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusIcon, statusWord } from "../ui/StatusBadge.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { Elapsed } from "../runs/Elapsed.tsx";

const ProposalView = lazy(async () => ({ default: (await import("./ProposalView.tsx")).ProposalView }));

export interface OperationalizeProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  project: Pick<Project, "id" | "slug" | "orgSlug" | "role">;
}

/**
 * The Operationalize sheet. Starts a run that reads the project, infers workflows and tries them; shows it working,
 * then what it proposes; opens the change. Closing the sheet leaves the run going: it is in the list of runs.
 */
export function Operationalize(props: OperationalizeProps) {
  return (
    <Sheet
      open={props.open}
      onOpenChange={props.onOpenChange}
      title="Operationalize"
      description="Reads the project and proposes the workflows that fit it, each tried before you see it."
    >
      <Show when={props.open}>
        <StartedRun project={props.project} onClose={() => props.onOpenChange(false)} />
      </Show>
    </Sheet>
  );
}

/** Starts the run once per opening of the sheet and follows it. */
function StartedRun(props: { project: OperationalizeProps["project"]; onClose: () => void }) {
  const api = useApi();
  // One id per press of the button: a start repeated after a lost answer is the same run.
  const [runId, setRunId] = createSignal(crypto.randomUUID() as string);
  const [number, setNumber] = createSignal<number | null>(null);
  const [failure, setFailure] = createSignal<unknown>(null);
  const start = async () => {
    setFailure(null);
    setNumber(null);
    try {
      setNumber((await api.operationalize.start.mutate({ id: runId(), projectId: props.project.id })).number);
    } catch (error) {
      setFailure(error);
    }
  };
  const startOver = () => {
    setRunId(crypto.randomUUID());
    void start();
  };
  onMount(() => void start());
  return (
    <Switch
      fallback={
        <p class="flex items-center gap-2 text-muted">
          <Spinner /> Starting
        </p>
      }
    >
      <Match when={failure()}>
        {(error) => (
          <ErrorState
            title="Operationalize did not start"
            error={error()}
            kept="The project is as it was."
            retry={() => void start()}
          />
        )}
      </Match>
      <Match when={number()} keyed>
        {(started) => (
          <FollowedRun
            runId={runId()}
            number={started}
            project={props.project}
            onClose={props.onClose}
            onStartOver={startOver}
          />
        )}
      </Match>
    </Switch>
  );
}

interface FollowedRunProps {
  runId: string;
  number: number;
  project: OperationalizeProps["project"];
  onClose: () => void;
  onStartOver: () => void;
}

function FollowedRun(props: FollowedRunProps) {
  const api = useApi();
  const session = useSession();
  const runId = props.runId;
  const { view } = createLiveRun({
    runId,
    topics: session.topics,
    eventsAfter: (afterSeq) => api.runs.eventsAfter.query({ runId, afterSeq, limit: 1000 }),
  });
  const runHref = () => `/${props.project.orgSlug}/${props.project.slug}/runs/${props.number}`;
  const proposal = createMemo(() => view().artifacts.find((artifact) => artifact.kind === "proposal"));
  const hasFiles = () => {
    const files = proposal()?.data["files"];
    return Array.isArray(files) && files.length > 0;
  };
  const ended = () => isFinal(view().status);
  return (
    <div class="flex flex-col gap-6">
      <Show when={!ended() || view().status !== "succeeded"}>
        <ol class="flex flex-col gap-1" aria-label="Progress">
          <For each={view().steps}>
            {(step) => (
              <li class="flex min-h-8 items-center gap-2">
                <StatusIcon status={step.status} />
                <span
                  class="flex-1"
                  classList={{ "text-muted": step.status === "pending" || step.status === "skipped" }}
                >
                  {step.name}
                  <span class="sr-only">: {statusWord(step.status)}</span>
                </span>
                <span class="tabular text-xs text-muted">
                  <Show
                    when={step.status === "running" && step.startedAt}
                    fallback={step.durationMs === null ? "" : formatDuration(step.durationMs)}
                  >
                    {(since) => <Elapsed since={since()} />}
                  </Show>
                </span>
              </li>
            )}
          </For>
        </ol>
        <p class="text-muted">
          <Show when={!ended()}>You can close this; it goes on. </Show>
          <a class="link" href={runHref()} onClick={() => props.onClose()}>
            Open the run
          </a>
        </p>
      </Show>
      <Switch>
        <Match when={view().status === "failed" || view().status === "canceled"}>
          <ErrorState
            title={view().status === "failed" ? "Operationalize failed" : "Operationalize was canceled"}
            error={new Error(view().failure?.message ?? "The log of the run says more.")}
            kept="The project is as it was."
            retry={props.onStartOver}
          />
        </Match>
        <Match when={ended() && !hasFiles()}>
          <EmptyState
            icon={<CircleCheck />}
            title="Nothing to propose"
            text="The project already has the workflows that fit it. Press again when it has changed."
            action={
              <LinkButton
                href={`/${props.project.orgSlug}/${props.project.slug}/workflows`}
                onClick={() => props.onClose()}
              >
                See its workflows
              </LinkButton>
            }
          />
        </Match>
        <Match when={ended() && proposal()}>
          {(artifact) => (
            <>
              <Suspense fallback={<Spinner />}>
                <ProposalView data={artifact().data} />
              </Suspense>
              <OpenChange runId={runId} project={props.project} runHref={runHref()} onClose={props.onClose} />
            </>
          )}
        </Match>
      </Switch>
    </div>
  );
}

type Opened = Outputs["operationalize"]["openChange"];

/** Opens the change with the proposed files, and merges it in place when asked to. */
function OpenChange(props: {
  runId: string;
  project: OperationalizeProps["project"];
  runHref: string;
  onClose: () => void;
}) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const navigate = useNavigate();
  const [pending, setPending] = createSignal<"open" | "merge" | null>(null);
  const [opened, setOpened] = createSignal<Opened | null>(null);
  const base = () => `/${props.project.orgSlug}/${props.project.slug}`;
  const number = () => {
    const result = opened();
    return result !== null && "changeNumber" in result ? result.changeNumber : null;
  };
  const open = async () => {
    setPending("open");
    try {
      setOpened(await api.operationalize.openChange.mutate({ runId: props.runId }));
      await queries.invalidateQueries({ queryKey: ["changes", props.project.id] });
    } catch (error) {
      toasts.fail("The change was not opened", error);
    } finally {
      setPending(null);
    }
  };
  const merge = async (changeNumber: number) => {
    setPending("merge");
    try {
      const change = await api.changes.get.query({ projectId: props.project.id, number: changeNumber });
      await api.changes.merge.mutate({
        projectId: props.project.id,
        number: changeNumber,
        expectedHead: change.headCommit,
      });
      await queries.invalidateQueries();
      toasts.show({ text: `Change #${changeNumber} is merged. Its workflows are ready to run.` });
      props.onClose();
      navigate(`${base()}/workflows`);
    } catch (error) {
      toasts.fail("The change was not merged", error);
    } finally {
      setPending(null);
    }
  };
  return (
    <div class="sticky -bottom-4 -mx-4 -mb-4 flex flex-wrap items-center justify-end gap-2 border-t border-line bg-surface p-3">
      <a class="link mr-auto pl-1" href={props.runHref} onClick={() => props.onClose()}>
        How it was tried
      </a>
      <Show
        when={mayWrite(props.project.role)}
        fallback={<span class="text-muted">Your role can look but not open changes.</span>}
      >
        <Switch>
          <Match when={opened() === null}>
            <Button
              variant="primary"
              pending={pending() === "open"}
              icon={<GitPullRequest class="size-4" aria-hidden="true" />}
              onClick={() => void open()}
            >
              Open change
            </Button>
          </Match>
          <Match when={number()}>
            {(changeNumber) => (
              <>
                <LinkButton href={`${base()}/changes/${changeNumber()}`} onClick={() => props.onClose()}>
                  Review change #{changeNumber()}
                </LinkButton>
                <Button
                  variant="primary"
                  pending={pending() === "merge"}
                  onClick={() => void merge(changeNumber())}
                >
                  Merge
                </Button>
              </>
            )}
          </Match>
          <Match when={opened() !== null}>
            <span class="text-muted">The project has these files already.</span>
          </Match>
        </Switch>
      </Show>
    </div>
  );
}

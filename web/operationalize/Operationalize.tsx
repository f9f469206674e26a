import { useNavigate, useSearchParams } from "@solidjs/router";
import { useQueryClient } from "@tanstack/solid-query";
import CircleCheck from "lucide-solid/icons/circle-check";
import GitPullRequest from "lucide-solid/icons/git-pull-request";
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  lazy,
  Match,
  onMount,
  Show,
  Suspense,
  Switch,
} from "solid-js";
import { z } from "zod/mini";
import { isFinal } from "../../shared/run/transitions.ts";
import { useApi, type Outputs } from "../api.ts";
import { createLiveRun } from "../live.ts";
import { createProject, mayWrite, type Project } from "../project.ts";
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

/** Uuid of a run in the URL. */
const uuid = z.uuid();

const ProposalView = lazy(async () => ({ default: (await import("./ProposalView.tsx")).ProposalView }));

type SheetProject = Pick<Project, "id" | "slug" | "orgSlug" | "role">;

/**
 * The Operationalize sheet over any page of a project. A link to `?operationalize=open` is its button: that becomes
 * `?operationalize=<run id>`, and since starting is idempotent by id, a reload or a second tab shows the same run.
 * Closing the sheet leaves the run going: it is in the list of runs.
 */
export function Operationalize() {
  const [search, setSearch] = useSearchParams<{ operationalize?: string }>();
  const project = createProject();
  const runId = () => uuid.safeParse(search.operationalize).data;
  const close = () => setSearch({ operationalize: null }, { replace: true });
  createEffect(() => {
    if (search.operationalize === "open")
      setSearch({ operationalize: crypto.randomUUID() }, { replace: true });
  });
  return (
    <Sheet
      open={search.operationalize !== undefined}
      onOpenChange={(open) => !open && close()}
      title="Operationalize"
      description="Reads the project and proposes the workflows that fit it, each tried before you see it."
    >
      <Switch fallback={<Starting />}>
        <Match when={project.error}>
          {(error) => (
            <ErrorState
              title="The project could not be loaded"
              error={error()}
              retry={() => void project.refetch()}
            />
          )}
        </Match>
        <Match when={project.data !== undefined && runId()} keyed>
          {(id) => (
            <Show when={project.data}>
              {(loaded) => (
                <StartedRun
                  runId={id}
                  project={loaded()}
                  onClose={close}
                  onStartOver={() => setSearch({ operationalize: "open" }, { replace: true })}
                />
              )}
            </Show>
          )}
        </Match>
      </Switch>
    </Sheet>
  );
}

function Starting() {
  return (
    <p class="flex items-center gap-2 text-muted">
      <Spinner /> Starting
    </p>
  );
}

interface StartedRunProps {
  runId: string;
  project: SheetProject;
  onClose: () => void;
  onStartOver: () => void;
}

/** Starts the run of that id, or finds it started, and follows it. */
function StartedRun(props: StartedRunProps) {
  const api = useApi();
  const [number, setNumber] = createSignal<number | null>(null);
  const [failure, setFailure] = createSignal<unknown>(null);
  const start = async () => {
    setFailure(null);
    try {
      setNumber(
        (await api.operationalize.start.mutate({ id: props.runId, projectId: props.project.id })).number,
      );
    } catch (error) {
      setFailure(error);
    }
  };
  onMount(() => void start());
  return (
    <Switch fallback={<Starting />}>
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
        {(started) => <FollowedRun {...props} number={started} />}
      </Match>
    </Switch>
  );
}

interface FollowedRunProps extends StartedRunProps {
  number: number;
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
    <div class="flex min-h-full flex-col gap-6">
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
function OpenChange(props: { runId: string; project: SheetProject; runHref: string; onClose: () => void }) {
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
    <div class="sticky -bottom-4 -mx-4 mt-auto -mb-4 flex flex-wrap items-center justify-end gap-2 border-t border-line bg-surface p-3">
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

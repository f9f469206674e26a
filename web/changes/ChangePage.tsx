import { useParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import GitMerge from "lucide-solid/icons/git-merge";
import { createSignal, For, lazy, Match, Show, Suspense, Switch } from "solid-js";
import { z } from "zod/mini";
import { toCoderError } from "../../shared/errors.ts";
import { useApi, type Outputs } from "../api.ts";
import { createProject, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { ChangeStatus } from "./ChangeStatus.tsx";

const DiffView = lazy(async () => ({ default: (await import("../ui/DiffView.tsx")).DiffView }));

type Change = Outputs["changes"]["get"];
const conflictDetails = z.object({ conflicts: z.array(z.string()) });

/** `/:org/:project/changes/:number`: what would change, and the button that makes it so. */
export function ChangePage() {
  const api = useApi();
  const params = useParams();
  const project = createProject();
  const number = () => Number(params["number"]);
  const base = () => `/${params["org"]}/${params["project"]}`;
  const change = createQuery(() => ({
    queryKey: ["changes", project.data?.id, "one", number()],
    queryFn: () => api.changes.get.query({ projectId: project.data?.id ?? "", number: number() }),
    enabled: project.data !== undefined && Number.isInteger(number()),
  }));
  const both = () =>
    project.data && change.data ? { project: project.data, change: change.data } : undefined;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Changes", href: `${base()}/changes` },
          { label: `#${params["number"]}` },
        ]}
        primary={
          <Show when={both()}>
            {(loaded) => (
              <Show when={loaded().change.status === "open" && mayWrite(loaded().project.role)}>
                <MergeButton project={loaded().project} change={loaded().change} />
              </Show>
            )}
          </Show>
        }
      >
        <Column wide>
          <Switch
            fallback={
              <p class="flex items-center gap-2 text-muted">
                <Spinner /> Loading the change
              </p>
            }
          >
            <Match when={project.error ?? change.error}>
              {(error) => (
                <ErrorState
                  title="The change could not be loaded"
                  error={error()}
                  retry={() => void (project.error ? project : change).refetch()}
                />
              )}
            </Match>
            <Match when={both()}>{(loaded) => <ChangeView {...loaded()} base={base()} />}</Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function ChangeView(props: { project: Project; change: Change; base: string }) {
  return (
    <>
      <header class="flex flex-col gap-2">
        <div class="flex flex-wrap items-center gap-3">
          <ChangeStatus status={props.change.status} />
          <h2 class="min-w-0 text-lg break-words">{props.change.title}</h2>
          <Show when={props.change.status === "open" && mayWrite(props.project.role)}>
            <span class="ml-auto">
              <CloseButton projectId={props.project.id} number={props.change.number} />
            </span>
          </Show>
        </div>
        <p class="text-muted">
          <code class="text-xs">{props.change.headBranch}</code> into{" "}
          <code class="text-xs">{props.change.baseBranch}</code>
          <Show when={props.change.createdBy}>{(name) => <> · by {name()}</>}</Show> ·{" "}
          <RelativeTime at={props.change.createdAt} />
          <Show when={props.change.mergedCommit}>{(commit) => <> · merged as {commit().slice(0, 7)}</>}</Show>
        </p>
      </header>
      <Show when={props.change.body.trim() !== ""}>
        <div class="rounded-panel border border-line bg-surface p-4 whitespace-pre-wrap">
          {props.change.body}
        </div>
      </Show>
      <Show
        when={props.change.diff.patch !== ""}
        fallback={
          <EmptyState
            title="No difference"
            text={`${props.change.headBranch} has nothing that ${props.change.baseBranch} has not.`}
          />
        }
      >
        <Suspense fallback={<Spinner />}>
          <DiffView patch={props.change.diff.patch} />
        </Suspense>
      </Show>
    </>
  );
}

/** Merges exactly the head that is shown; another one is refused by the server. */
function MergeButton(props: { project: Project; change: Change }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [pending, setPending] = createSignal(false);
  const [conflicts, setConflicts] = createSignal<string[]>([]);
  const merge = async () => {
    setPending(true);
    setConflicts([]);
    try {
      await api.changes.merge.mutate({
        projectId: props.project.id,
        number: props.change.number,
        expectedHead: props.change.headCommit,
      });
      toasts.show({ text: `Change #${props.change.number} is merged into ${props.change.baseBranch}.` });
    } catch (error) {
      setConflicts(conflictDetails.safeParse(toCoderError(error).details).data?.conflicts ?? []);
      toasts.fail("The change was not merged", error);
    } finally {
      await queries.invalidateQueries();
      setPending(false);
    }
  };
  return (
    <>
      <Show when={conflicts().length > 0}>
        <details class="relative">
          <summary class="hit inline-flex items-center text-failed">{conflicts().length} conflicts</summary>
          <ul class="absolute right-0 z-10 rounded-panel border border-line bg-raised p-3 font-mono text-xs shadow-float">
            <For each={conflicts()}>{(path) => <li>{path}</li>}</For>
          </ul>
        </details>
      </Show>
      <Button
        variant="primary"
        pending={pending()}
        icon={<GitMerge class="size-4" aria-hidden="true" />}
        onClick={() => void merge()}
      >
        Merge
      </Button>
    </>
  );
}

function CloseButton(props: { projectId: string; number: number }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [pending, setPending] = createSignal(false);
  const close = async () => {
    setPending(true);
    try {
      await api.changes.close.mutate({ projectId: props.projectId, number: props.number });
      await queries.invalidateQueries({ queryKey: ["changes"] });
    } catch (error) {
      toasts.fail("The change was not closed", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Button variant="ghost" pending={pending()} onClick={() => void close()}>
      Close without merging
    </Button>
  );
}

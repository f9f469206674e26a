import { useParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, lazy, Match, Show, Suspense, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { Body } from "../discussion/Body.tsx";
import { LabelEditor } from "../discussion/Labels.tsx";
import { Timeline } from "../discussion/Timeline.tsx";
import { createProject, createRunsListener, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { ChangeStatus } from "./ChangeStatus.tsx";
import { ChecksPanel } from "./ChecksPanel.tsx";
import { MergeButton } from "./MergeButton.tsx";

const DiffView = lazy(async () => ({ default: (await import("../ui/DiffView.tsx")).DiffView }));

type Change = Outputs["changes"]["get"];

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
            <Match when={both()?.change.id} keyed>
              {(_id) => <Show when={both()}>{(loaded) => <ChangeView {...loaded()} base={base()} />}</Show>}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function ChangeView(props: { project: Project; change: Change; base: string }) {
  const api = useApi();
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: ["changes", props.project.id] });
  // Heads, checks and comments all tell the project's topic.
  createRunsListener(
    () => `project:${props.project.id}`,
    () => void again(),
  );
  const one = () => ({ projectId: props.project.id, number: props.change.number });
  const isWriter = () => mayWrite(props.project.role);
  return (
    <>
      <header class="flex flex-col gap-2">
        <div class="flex flex-wrap items-center gap-3">
          <ChangeStatus status={props.change.status} draft={props.change.draft} />
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
          <Show when={props.change.createdBy}>{(name) => <> · by {name()}</>}</Show>
          <Show when={props.change.runNumber}>
            {(number) => (
              <>
                {" "}
                · by{" "}
                <a class="text-accent-text underline" href={`${props.base}/runs/${number()}`}>
                  run #{number()}
                </a>
              </>
            )}
          </Show>{" "}
          · <RelativeTime at={props.change.createdAt} />
          <Show when={props.change.mergedCommit}>{(commit) => <> · merged as {commit().slice(0, 7)}</>}</Show>
        </p>
        <Show when={props.change.reviewers.length > 0}>
          <p class="text-muted">To be looked at by {props.change.reviewers.join(", ")}</p>
        </Show>
        <LabelEditor {...one()} labels={props.change.labels} mayWrite={isWriter()} />
      </header>
      <Body
        title={props.change.title}
        body={props.change.body}
        mayWrite={isWriter()}
        onSave={async (edit) => {
          await api.changes.edit.mutate({ ...one(), ...edit });
          await again();
        }}
      />
      <ChecksPanel change={props.change} base={props.base} />
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
      <Timeline {...one()} comments={props.change.timeline} mayWrite={isWriter()} />
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

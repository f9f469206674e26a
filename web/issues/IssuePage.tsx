import { useParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, Match, Show, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { Body } from "../discussion/Body.tsx";
import { LabelEditor } from "../discussion/Labels.tsx";
import { Timeline } from "../discussion/Timeline.tsx";
import { createProject, createRunsListener, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { IssueState } from "./IssueState.tsx";

type Issue = Outputs["issues"]["get"];

/** `/:org/:project/issues/:number` */
export function IssuePage() {
  const api = useApi();
  const params = useParams();
  const project = createProject();
  const number = () => Number(params["number"]);
  const base = () => `/${params["org"]}/${params["project"]}`;
  const issue = createQuery(() => ({
    queryKey: ["issues", project.data?.id, "one", number()],
    queryFn: () => api.issues.get.query({ projectId: project.data?.id ?? "", number: number() }),
    enabled: project.data !== undefined && Number.isInteger(number()),
  }));
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Issues", href: `${base()}/issues` },
          { label: `#${params["number"]}` },
        ]}
        title={issue.data?.title}
      >
        <Column>
          <Switch
            fallback={
              <p class="flex items-center gap-2 text-muted">
                <Spinner /> Loading the issue
              </p>
            }
          >
            <Match when={project.error ?? issue.error}>
              {(error) => (
                <ErrorState
                  title="The issue could not be loaded"
                  error={error()}
                  retry={() => void (project.error ? project : issue).refetch()}
                />
              )}
            </Match>
            <Match when={issue.data?.id} keyed>
              {(_id) => (
                <Show
                  when={project.data && issue.data ? { project: project.data, issue: issue.data } : undefined}
                >
                  {(loaded) => <IssueView {...loaded()} />}
                </Show>
              )}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function IssueView(props: { project: Project; issue: Issue }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [pending, setPending] = createSignal(false);
  const again = () => queries.invalidateQueries({ queryKey: ["issues", props.project.id] });
  createRunsListener(
    () => `project:${props.project.id}`,
    () => void again(),
  );
  const one = () => ({ projectId: props.project.id, number: props.issue.number });
  const isWriter = () => mayWrite(props.project.role);
  const setState = async (state: "open" | "closed") => {
    setPending(true);
    try {
      await api.issues.setState.mutate({ ...one(), state });
      await again();
    } catch (error) {
      toasts.fail(state === "closed" ? "The issue was not closed" : "The issue was not reopened", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <>
      <header class="flex flex-col gap-2">
        <div class="flex flex-wrap items-center gap-3">
          <IssueState state={props.issue.state} />
          <h2 class="min-w-0 text-lg break-words">{props.issue.title}</h2>
          <Show when={isWriter()}>
            <Button
              class="ml-auto"
              variant="ghost"
              pending={pending()}
              onClick={() => void setState(props.issue.state === "open" ? "closed" : "open")}
            >
              {props.issue.state === "open" ? "Close issue" : "Reopen issue"}
            </Button>
          </Show>
        </div>
        <p class="text-muted">
          Opened by {props.issue.createdBy ?? "Coder"} · <RelativeTime at={props.issue.createdAt} />
          <Show when={props.issue.closedAt}>
            {(at) => (
              <>
                {" "}
                · closed <RelativeTime at={at()} />
              </>
            )}
          </Show>
        </p>
        <LabelEditor {...one()} labels={props.issue.labels} mayWrite={isWriter()} />
      </header>
      <Body
        title={props.issue.title}
        body={props.issue.body}
        mayWrite={isWriter()}
        onSave={async (edit) => {
          await api.issues.edit.mutate({ ...one(), ...edit });
          await again();
        }}
      />
      <Timeline {...one()} comments={props.issue.timeline} mayWrite={isWriter()} />
    </>
  );
}

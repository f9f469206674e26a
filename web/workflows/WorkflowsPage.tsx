import { useParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import CirclePlay from "lucide-solid/icons/circle-play";
import WorkflowIcon from "lucide-solid/icons/workflow";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { createProject, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button, LinkButton } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusBadge } from "../ui/StatusBadge.tsx";
import { ProblemList } from "./ProblemList.tsx";
import { RunWorkflow } from "./RunWorkflow.tsx";

export type Workflow = Outputs["workflows"]["list"][number];

/** `/:org/:project/workflows`: the workflow files of the default branch, to run and to read. */
export function WorkflowsPage() {
  const params = useParams();
  const project = createProject();
  const workflows = createWorkflows(() => project.data?.id);
  const base = () => `/${params["org"]}/${params["project"]}`;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Workflows" },
        ]}
        tools={
          <Show when={mayWrite(project.data?.role)}>
            <LinkButton href={`${base()}/workflows/new`}>New workflow</LinkButton>
          </Show>
        }
        primary={
          // An empty list offers it itself.
          <Show when={workflows.data?.length}>
            <LinkButton variant="primary" href="?operationalize=open">
              Operationalize
            </LinkButton>
          </Show>
        }
      >
        <Column wide>
          <Switch>
            <Match when={project.error}>
              {(error) => (
                <ErrorState
                  title="The project could not be loaded"
                  error={error()}
                  retry={() => void project.refetch()}
                />
              )}
            </Match>
            <Match when={project.data}>{(loaded) => <WorkflowList project={loaded()} base={base()} />}</Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function createWorkflows(projectId: () => string | undefined) {
  const api = useApi();
  return createQuery(() => ({
    queryKey: ["workflows", projectId()],
    queryFn: () => api.workflows.list.query({ projectId: projectId() ?? "" }),
    enabled: projectId() !== undefined,
  }));
}

function WorkflowList(props: { project: Project; base: string }) {
  const [running, setRunning] = createSignal<Workflow | null>(null);
  const workflows = createWorkflows(() => props.project.id);
  return (
    <>
      <Switch>
        <Match when={workflows.data?.length === 0}>
          <EmptyState
            icon={<WorkflowIcon />}
            title="No workflows yet"
            text="Workflows are YAML files in .coder/workflows of the repository. Operationalize reads the project and proposes those that fit; a template is one that you choose yourself."
            action={
              <>
                <LinkButton variant="primary" href="?operationalize=open">
                  Operationalize
                </LinkButton>
                <Show when={mayWrite(props.project.role)}>
                  <LinkButton href={`${props.base}/workflows/new`}>Start from a template</LinkButton>
                </Show>
              </>
            }
          />
        </Match>
        <Match when={workflows.data}>
          {(list) => (
            <ul
              aria-label="Workflows"
              class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
            >
              <For each={list()}>
                {(workflow) => (
                  <WorkflowRow
                    workflow={workflow}
                    base={props.base}
                    mayRun={mayWrite(props.project.role)}
                    onRun={() => setRunning(workflow)}
                  />
                )}
              </For>
            </ul>
          )}
        </Match>
        <Match when={workflows.error}>
          {(error) => (
            <ErrorState
              title="The workflows could not be loaded"
              error={error()}
              retry={() => void workflows.refetch()}
            />
          )}
        </Match>
        <Match when={workflows.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading workflows
          </p>
        </Match>
      </Switch>
      <Show when={running()} keyed>
        {(workflow) => (
          <RunWorkflow
            workflow={workflow}
            project={props.project}
            base={props.base}
            onClose={() => setRunning(null)}
          />
        )}
      </Show>
    </>
  );
}

interface WorkflowRowProps {
  workflow: Workflow;
  base: string;
  mayRun: boolean;
  onRun: () => void;
}

function WorkflowRow(props: WorkflowRowProps) {
  const errors = () => props.workflow.problems.filter((problem) => problem.severity === "error");
  return (
    <li class="flex flex-col gap-2 px-3 py-3">
      <div class="flex flex-wrap items-center gap-x-4 gap-y-2">
        <div class="flex min-w-0 flex-1 basis-56 flex-col">
          <h2 class="truncate text-sm leading-6 font-medium">{props.workflow.name}</h2>
          <a
            class="link self-start font-mono text-xs"
            href={`${props.base}/workflows/${props.workflow.path.split("/").at(-1) ?? ""}`}
          >
            {props.workflow.path}
          </a>
        </div>
        <ul class="flex flex-wrap gap-1" aria-label="Triggers">
          <For each={props.workflow.triggers}>
            {(trigger) => (
              <li class="rounded-full border border-line px-2 text-xs leading-5 text-muted">
                {trigger.label}
              </li>
            )}
          </For>
        </ul>
        <Show when={props.workflow.lastRun} fallback={<span class="text-xs text-muted">never run</span>}>
          {(run) => (
            <a
              href={`${props.base}/runs/${run().number}`}
              class="flex items-center gap-2 rounded-full text-xs text-muted hover:text-text"
            >
              <StatusBadge status={run().status} />
              <RelativeTime at={run().at} />
            </a>
          )}
        </Show>
        <Show when={props.mayRun}>
          <Button
            disabled={errors().length > 0}
            aria-label={`Run ${props.workflow.name}`}
            icon={<CirclePlay class="size-4" aria-hidden="true" />}
            onClick={() => props.onRun()}
          >
            Run
          </Button>
        </Show>
      </div>
      <Show when={props.workflow.problems.length > 0}>
        <ProblemList problems={props.workflow.problems} />
      </Show>
    </li>
  );
}

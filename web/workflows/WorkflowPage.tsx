import { useNavigate, useParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createMemo, createSignal, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createProject, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { RunWorkflow } from "./RunWorkflow.tsx";
import { SaveWorkflow } from "./SaveWorkflow.tsx";
import { WorkflowWorkbench } from "./WorkflowWorkbench.tsx";
import { createWorkflowDraft, type WorkflowDraft } from "./createWorkflowDraft.ts";
import { blankWorkflow } from "./blankWorkflow.ts";

/** `/:org/:project/workflows/:file`: one workflow as YAML and as a graph, to read, edit, save and run. */
export function WorkflowPage() {
  const params = useParams();
  const api = useApi();
  const project = createProject();
  const file = () => params["file"] ?? "";
  const isNew = () => file() === "new";
  const path = () => `.coder/workflows/${isNew() ? "workflow.yaml" : file()}`;
  const source = createQuery(() => ({
    queryKey: ["workflow", project.data?.id, path(), isNew()],
    queryFn: async () =>
      isNew() ? { yaml: "" } : api.workflows.read.query({ projectId: project.data?.id ?? "", path: path() }),
    enabled: project.data !== undefined,
    // Another answer would be another base under the edits; saving asks for the file anew.
    staleTime: Infinity,
    gcTime: 0,
  }));
  const ready = createMemo(
    () =>
      project.data === undefined || source.data === undefined
        ? undefined
        : { project: project.data, yaml: source.data.yaml, path: path(), isNew: isNew() },
    undefined,
    {
      equals: (a, b) =>
        a?.path === b?.path &&
        a?.yaml === b?.yaml &&
        a?.isNew === b?.isNew &&
        a?.project.id === b?.project.id,
    },
  );
  return (
    <SignedIn>
      <Show
        when={ready()}
        keyed
        fallback={
          <Waiting file={file()} error={project.error ?? source.error} retry={() => void source.refetch()} />
        }
      >
        {(loaded) => <Opened {...loaded} base={`/${params["org"]}/${params["project"]}`} />}
      </Show>
    </SignedIn>
  );
}

function Waiting(props: { file: string; error: unknown; retry: () => void }) {
  return (
    <Page crumbs={[{ label: "Workflows" }, { label: props.file }]}>
      <Switch>
        <Match when={props.error}>
          <ErrorState title="The workflow could not be loaded" error={props.error} retry={props.retry} />
        </Match>
        <Match when={true}>
          <p class="flex items-center gap-2 p-4 text-muted">
            <Spinner /> Loading the workflow
          </p>
        </Match>
      </Switch>
    </Page>
  );
}

interface OpenedProps {
  project: Project;
  /** `/:org/:project` */
  base: string;
  path: string;
  yaml: string;
  isNew: boolean;
}

function Opened(props: OpenedProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const draft = createWorkflowDraft({
    projectId: props.project.id,
    path: props.path,
    base: props.yaml,
    start: props.isNew ? blankWorkflow : props.yaml,
  });
  const [saving, setSaving] = createSignal(false);
  const [running, setRunning] = createSignal(false);
  const saved = (path: string) => {
    draft.saved();
    setSaving(false);
    for (const key of ["workflows", "workflow", "log", "changes"])
      void queries.invalidateQueries({ queryKey: [key] });
    if (path !== props.path) navigate(`${props.base}/workflows/${path.split("/").at(-1) ?? ""}`);
  };
  const moved = (theirs: string) => {
    draft.rebase(theirs);
    setSaving(false);
  };
  return (
    <Page
      fill
      crumbs={[
        { label: props.base.split("/")[1] ?? "", href: "/" },
        { label: props.project.name, href: props.base },
        { label: "Workflows", href: `${props.base}/workflows` },
        { label: props.isNew ? "New workflow" : (props.path.split("/").at(-1) ?? "") },
      ]}
      beside={
        <Show when={draft.dirty()}>
          <span class="text-xs text-waiting max-sm:sr-only">Not saved</span>
        </Show>
      }
      tools={
        <Show when={mayWrite(props.project.role) && !props.isNew}>
          <Button disabled={draft.model().workflow === null} onClick={() => setRunning(true)}>
            Run
          </Button>
        </Show>
      }
      primary={
        <Show when={mayWrite(props.project.role)}>
          <Button variant="primary" disabled={!draft.dirty()} onClick={() => setSaving(true)}>
            Save
          </Button>
        </Show>
      }
    >
      <WorkflowWorkbench
        draft={draft}
        project={props.project}
        base={props.base}
        path={props.path}
        onSave={() => draft.dirty() && setSaving(true)}
      />
      <Show when={saving()}>
        <SaveWorkflow
          project={props.project}
          base={props.base}
          path={props.path}
          isNew={props.isNew}
          before={draft.base()}
          text={draft.text()}
          problems={draft.model().problems}
          onClose={() => setSaving(false)}
          onSaved={saved}
          onMoved={moved}
        />
      </Show>
      <Show when={running()}>
        <RunSaved draft={draft} {...props} onClose={() => setRunning(false)} />
      </Show>
    </Page>
  );
}

/** Runs the workflow as it is in the repository; what is not saved is no part of it, and the dialog's branch says which. */
function RunSaved(props: OpenedProps & { draft: WorkflowDraft; onClose: () => void }) {
  const api = useApi();
  const list = createQuery(() => ({
    queryKey: ["workflows", props.project.id],
    queryFn: () => api.workflows.list.query({ projectId: props.project.id }),
  }));
  const workflow = () => list.data?.find((each) => each.path === props.path);
  return (
    <Show when={workflow()} keyed>
      {(found) => (
        <RunWorkflow workflow={found} project={props.project} base={props.base} onClose={props.onClose} />
      )}
    </Show>
  );
}

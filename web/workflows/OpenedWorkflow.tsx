import { useNavigate } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, Show } from "solid-js";
import { useApi } from "../api.ts";
import { mayWrite, type Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { Page } from "../ui/Page.tsx";
import { createWorkflowDraft, type WorkflowDraft } from "./createWorkflowDraft.ts";
import { RunWorkflow } from "./RunWorkflow.tsx";
import { SaveWorkflow } from "./SaveWorkflow.tsx";
import { WorkflowWorkbench } from "./WorkflowWorkbench.tsx";

export interface OpenedWorkflowProps {
  project: Project;
  /** `/:org/:project` */
  base: string;
  path: string;
  /** The text in the repository; empty for a new file. */
  yaml: string;
  /** What a new file starts as; null for one that the repository has. */
  start: string | null;
}

/** A workflow being read and edited, with the ways to save and run it. */
export function OpenedWorkflow(props: OpenedWorkflowProps) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const draft = createWorkflowDraft({
    projectId: props.project.id,
    path: props.path,
    base: props.yaml,
    start: props.start ?? props.yaml,
  });
  const [saving, setSaving] = createSignal(false);
  const [running, setRunning] = createSignal(false);
  const isNew = () => props.start !== null;
  const saved = (path: string, change?: number) => {
    draft.saved();
    setSaving(false);
    for (const key of ["workflows", "workflow", "log", "changes"])
      void queries.invalidateQueries({ queryKey: [key] });
    if (change !== undefined) navigate(`${props.base}/changes/${change}`);
    else if (isNew() || path !== props.path)
      navigate(`${props.base}/workflows/${path.split("/").at(-1) ?? ""}`);
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
        ...(isNew() ? [{ label: "New workflow", href: `${props.base}/workflows/new` }] : []),
        { label: props.path.split("/").at(-1) ?? "" },
      ]}
      beside={
        <Show when={draft.dirty()}>
          <span class="text-xs text-waiting max-sm:sr-only">Not saved</span>
        </Show>
      }
      tools={
        <Show when={mayWrite(props.project.role) && !isNew()}>
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
        isNew={isNew()}
        onSave={() => draft.dirty() && setSaving(true)}
      />
      <Show when={saving()}>
        <SaveWorkflow
          project={props.project}
          path={props.path}
          isNew={isNew()}
          before={draft.base()}
          text={draft.text()}
          problems={draft.model().findings.map((one) => one.problem)}
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
function RunSaved(props: OpenedWorkflowProps & { draft: WorkflowDraft; onClose: () => void }) {
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

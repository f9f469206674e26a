import { useParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createMemo, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createProject } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { OpenedWorkflow } from "./OpenedWorkflow.tsx";

/** `/:org/:project/workflows/:file`: one workflow as YAML and as a graph, to read, edit, save and run. */
export function WorkflowPage() {
  const params = useParams();
  const api = useApi();
  const project = createProject();
  const file = () => params["file"] ?? "";
  const path = () => `.coder/workflows/${file()}`;
  const source = createQuery(() => ({
    queryKey: ["workflow", project.data?.id, path()],
    queryFn: () => api.workflows.read.query({ projectId: project.data?.id ?? "", path: path() }),
    enabled: project.data !== undefined,
    // Another answer would be another base under the edits; saving asks for the file anew.
    staleTime: Infinity,
    gcTime: 0,
  }));
  const ready = createMemo(
    () =>
      project.data === undefined || source.data === undefined
        ? undefined
        : { project: project.data, yaml: source.data.yaml, path: path() },
    undefined,
    {
      equals: (a, b) => a?.path === b?.path && a?.yaml === b?.yaml && a?.project.id === b?.project.id,
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
        {(loaded) => (
          <OpenedWorkflow {...loaded} start={null} base={`/${params["org"]}/${params["project"]}`} />
        )}
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

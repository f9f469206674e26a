import { useParams, useSearchParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createEffect, createSignal, Match, on, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createProject, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { WhatIf } from "./WhatIf.tsx";

/** `/:org/:project/what-if?workflow=…`: edits a workflow's policies without keeping them, and tries them on its last runs. */
export function WhatIfPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: `/${params["org"]}/settings` },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Workflows", href: `${base()}/workflows` },
          { label: "What if" },
        ]}
      >
        <Column>
          <Switch fallback={<Spinner />}>
            <Match when={project.error}>
              {(error) => (
                <ErrorState
                  title="The project could not be loaded"
                  error={error()}
                  retry={() => void project.refetch()}
                />
              )}
            </Match>
            <Match when={project.data?.id} keyed>
              {(_id) => (
                <Show when={project.data}>{(loaded) => <Trial project={loaded()} base={base()} />}</Show>
              )}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function Trial(props: { project: Project; base: string }) {
  const api = useApi();
  const [search, setSearch] = useSearchParams<{ workflow?: string }>();
  const [text, setText] = createSignal("");
  const workflows = createQuery(() => ({
    queryKey: ["workflows", props.project.id],
    queryFn: () => api.workflows.list.query({ projectId: props.project.id }),
  }));
  const path = () => search.workflow ?? workflows.data?.[0]?.path ?? "";
  const file = createQuery(() => ({
    queryKey: ["file", props.project.id, path()],
    queryFn: () =>
      api.files.read.query({ projectId: props.project.id, ref: props.project.defaultBranch, path: path() }),
    enabled: path() !== "",
  }));
  createEffect(
    on(
      () => file.data?.content,
      (content) => content !== undefined && setText(decode(content)),
    ),
  );
  return (
    <Show
      when={path() !== ""}
      fallback={
        <Show when={workflows.data} fallback={<Spinner />}>
          <EmptyState title="There is no workflow whose policies could be tried" />
        </Show>
      }
    >
      <p class="text-muted">
        Change the policies below and see what they would have said to the last runs. Nothing is saved here.
      </p>
      <Select
        label="Workflow"
        value={path()}
        onChange={(workflow) => setSearch({ workflow })}
        options={(workflows.data ?? []).map((one) => ({ value: one.path, label: one.path }))}
      />
      <TextField
        class="[&_textarea]:font-mono [&_textarea]:text-xs"
        label="The file"
        value={text()}
        onChange={setText}
        multiline
        rows={16}
      />
      <WhatIf projectId={props.project.id} workflowPath={path()} yaml={text()} base={props.base} />
    </Show>
  );
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0));
}

import { useParams, useSearchParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { createMemo, Match, Show, Switch } from "solid-js";
import { missingFor, renderTemplate } from "../../shared/templates/renderTemplate.ts";
import { templates } from "../../shared/templates/templates.ts";
import { useApi } from "../api.ts";
import { createProject } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { blankWorkflow } from "./blankWorkflow.ts";
import { OpenedWorkflow } from "./OpenedWorkflow.tsx";
import { freeName, readProjectStart, type ProjectStart } from "./projectStart.ts";
import { TemplateGallery } from "./TemplateGallery.tsx";

/** `/:org/:project/workflows/new`: what to start from; with `?template=…` the file that it makes, in no commit yet. */
export function NewWorkflowPage() {
  const params = useParams();
  const [search] = useSearchParams<{ template?: string }>();
  const api = useApi();
  const project = createProject();
  const start = createQuery(() => ({
    queryKey: ["workflow-start", project.data?.id],
    queryFn: () => {
      if (project.data === undefined) throw new Error("Asked before the project is known");
      return readProjectStart(api, project.data);
    },
    enabled: project.data !== undefined,
    // Another answer would be another text under the edits.
    staleTime: Infinity,
    gcTime: 0,
  }));
  const base = () => `/${params["org"]}/${params["project"]}`;
  const draft = createMemo(
    () => (start.data === undefined ? null : draftOf(search.template, start.data)),
    null,
    { equals: (a, b) => a?.path === b?.path && a?.text === b?.text },
  );
  return (
    <SignedIn>
      <Switch
        fallback={
          <Page
            crumbs={[
              { label: params["org"] ?? "", href: "/" },
              { label: project.data?.name ?? params["project"] ?? "", href: base() },
              { label: "Workflows", href: `${base()}/workflows` },
              { label: "New workflow" },
            ]}
          >
            <Column>
              <Show
                when={start.data}
                fallback={<Waiting error={project.error ?? start.error} retry={() => void start.refetch()} />}
              >
                {(read) => (
                  <TemplateGallery start={read()} branch={project.data?.defaultBranch ?? "the branch"} />
                )}
              </Show>
            </Column>
          </Page>
        }
      >
        <Match when={draft()} keyed>
          {(chosen) => (
            <Show when={project.data?.id} keyed>
              {(_id) => (
                <Show when={project.data}>
                  {(loaded) => (
                    <OpenedWorkflow
                      project={loaded()}
                      base={base()}
                      path={chosen.path}
                      yaml=""
                      start={chosen.text}
                    />
                  )}
                </Show>
              )}
            </Show>
          )}
        </Match>
      </Switch>
    </SignedIn>
  );
}

function Waiting(props: { error: unknown; retry: () => void }) {
  return (
    <Show
      when={props.error}
      fallback={
        <p class="flex items-center gap-2 text-muted">
          <Spinner /> Loading the templates
        </p>
      }
    >
      <ErrorState title="The project's files could not be read" error={props.error} retry={props.retry} />
    </Show>
  );
}

/** The file that was chosen; null for none, and for one that the project has no use for. */
function draftOf(id: string | undefined, start: ProjectStart): { path: string; text: string } | null {
  const at = (name: string) => `.coder/workflows/${freeName(name, start.taken)}`;
  if (id === "blank") return { path: at("workflow"), text: blankWorkflow };
  const template = templates.find((each) => each.id === id);
  if (template === undefined || missingFor(template, start.stack).length > 0) return null;
  return { path: at(template.id), text: renderTemplate(template, start.stack) };
}

import { useNavigate, useParams } from "@solidjs/router";
import { useQueryClient } from "@tanstack/solid-query";
import { createEffect, createSignal, Match, on, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { FreezeSection } from "../policy/FreezeSection.tsx";
import { createProject, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Section } from "../ui/Section.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { GitAccess } from "./GitAccess.tsx";
import { RequiredChecks } from "./RequiredChecks.tsx";
import { Secrets } from "./Secrets.tsx";
import { RetentionSection } from "./RetentionSection.tsx";
import { Sites } from "./Sites.tsx";

/** `/:org/:project/settings`: name, git access, what is published, deletion. */
export function ProjectSettingsPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: `/${params["org"]}/settings` },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Settings" },
        ]}
      >
        <Column>
          <Switch
            fallback={
              <p class="flex items-center gap-2 text-muted">
                <Spinner /> Loading the settings
              </p>
            }
          >
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
              {(_id) => <Show when={project.data}>{(loaded) => <ProjectSettings project={loaded()} />}</Show>}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function ProjectSettings(props: { project: Project }) {
  const isAdmin = () => props.project.role === "owner" || props.project.role === "admin";
  return (
    <>
      <Show when={mayWrite(props.project.role)}>
        <Name project={props.project} />
      </Show>
      <Secrets
        scope={{ kind: "project", projectId: props.project.id }}
        mayEdit={mayWrite(props.project.role)}
      />
      <GitAccess project={props.project} />
      <Sites project={props.project} />
      <FreezeSection orgId={props.project.orgId} projectId={props.project.id} isAdmin={isAdmin()} />
      <Show when={isAdmin()}>
        <RequiredChecks project={props.project} />
        <RetentionSection orgId={props.project.orgId} projectId={props.project.id} />
        <Deletion project={props.project} />
      </Show>
    </>
  );
}

function Name(props: { project: Project }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = createSignal(props.project.name);
  const [pending, setPending] = createSignal(false);
  createEffect(on(() => props.project.name, setName));
  const save = async (to: string) => {
    const before = props.project.name;
    setPending(true);
    try {
      await api.projects.rename.mutate({ id: props.project.id, name: to });
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["project"] }),
        queries.invalidateQueries({ queryKey: ["projects"] }),
      ]);
      toasts.show({
        text: `The project is called ${to}.`,
        action: { label: "Undo", run: () => void save(before) },
      });
    } catch (error) {
      toasts.fail("The name was not changed", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Section title="Name" text="Its address stays the same.">
      <form
        class="flex items-end gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          void save(name().trim());
        }}
      >
        <TextField class="flex-1" label="Name" hideLabel value={name()} onChange={setName} required />
        <Button
          type="submit"
          pending={pending()}
          disabled={name().trim() === "" || name().trim() === props.project.name}
        >
          Save
        </Button>
      </form>
    </Section>
  );
}

/** Deleting cannot be undone, so what is lost is named and its address typed. */
function Deletion(props: { project: Project }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const navigate = useNavigate();
  const [asking, setAsking] = createSignal(false);
  const [typed, setTyped] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const remove = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    try {
      await api.projects.delete.mutate({ id: props.project.id, confirmSlug: typed() });
      navigate("/");
      await queries.invalidateQueries();
      toasts.show({ text: `${props.project.name} is deleted.` });
    } catch (error) {
      toasts.fail("The project was not deleted", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Section
      danger
      title="Delete the project"
      text="Its repository, runs, artifacts and everything it published are lost for good."
    >
      <div>
        <Button onClick={() => setAsking(true)}>Delete {props.project.name}</Button>
      </div>
      <Dialog
        open={asking()}
        onOpenChange={setAsking}
        title={`Delete ${props.project.name}`}
        description="The repository with its history, all runs and artifacts, and all published sites are lost. This cannot be undone."
        footer={
          <>
            <Button onClick={() => setAsking(false)}>Keep it</Button>
            <Button
              type="submit"
              form="delete-project"
              variant="danger"
              pending={pending()}
              disabled={typed() !== props.project.slug}
            >
              Delete for good
            </Button>
          </>
        }
      >
        <form id="delete-project" onSubmit={(event) => void remove(event)}>
          <TextField
            label={`Type ${props.project.slug} to delete it`}
            autocomplete="off"
            value={typed()}
            onChange={setTyped}
          />
        </form>
      </Dialog>
    </Section>
  );
}

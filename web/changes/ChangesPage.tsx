import { useParams, useSearchParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import GitPullRequest from "lucide-solid/icons/git-pull-request";
import Plus from "lucide-solid/icons/plus";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { LabelChips } from "../discussion/Labels.tsx";
import { createProject, createRunsListener, mayWrite, type Project } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Button, LinkButton } from "../ui/Button.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { ChangeStatus } from "./ChangeStatus.tsx";
import { NewChange } from "./NewChange.tsx";

const statuses = ["open", "merged", "closed"] as const;

/** `/:org/:project/changes?status=…` */
export function ChangesPage() {
  const params = useParams();
  const project = createProject();
  const base = () => `/${params["org"]}/${params["project"]}`;
  const [asking, setAsking] = createSignal(false);
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: params["org"] ?? "", href: "/" },
          { label: project.data?.name ?? params["project"] ?? "", href: base() },
          { label: "Changes" },
        ]}
        primary={
          <Show when={mayWrite(project.data?.role)}>
            <Button
              variant="primary"
              icon={<Plus class="size-4" aria-hidden="true" />}
              onClick={() => setAsking(true)}
            >
              New change
            </Button>
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
            <Match when={project.data?.id} keyed>
              {(id) => (
                <>
                  <Show when={project.data}>
                    {(loaded) => <ChangesList project={loaded()} base={base()} />}
                  </Show>
                  <Show when={asking()}>
                    <NewChange projectId={id} base={base()} open onOpenChange={setAsking} />
                  </Show>
                </>
              )}
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

function ChangesList(props: { project: Project; base: string }) {
  const api = useApi();
  const queries = useQueryClient();
  createRunsListener(
    () => `project:${props.project.id}`,
    () => void queries.invalidateQueries({ queryKey: ["changes", props.project.id] }),
  );
  const [search, setSearch] = useSearchParams<{ status?: string }>();
  const status = () => statuses.find((each) => each === search.status);
  const changes = createQuery(() => ({
    queryKey: ["changes", props.project.id, status() ?? ""],
    queryFn: () =>
      api.changes.list.query({
        projectId: props.project.id,
        ...(status() === undefined ? {} : { status: status() }),
      }),
  }));
  return (
    <>
      <div class="flex">
        <Select
          label="Status"
          hideLabel
          value={status() ?? "all"}
          onChange={(value) => setSearch({ status: value === "all" ? null : value })}
          options={[
            { value: "all", label: "Any status" },
            { value: "open", label: "Open" },
            { value: "merged", label: "Merged" },
            { value: "closed", label: "Closed" },
          ]}
        />
      </div>
      <Switch>
        <Match when={changes.data?.length === 0}>
          <EmptyState
            icon={<GitPullRequest />}
            title={status() === undefined ? "No changes yet" : `No ${status()} change`}
            text="A change is a branch to look at before it becomes part of the project. Push one and open it here; Operationalize and workflows open them too."
            action={<LinkButton href="?operationalize=open">Operationalize</LinkButton>}
          />
        </Match>
        <Match when={changes.data}>
          {(list) => (
            <ul
              aria-label="Changes"
              class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
            >
              <For each={list()}>
                {(change) => (
                  <li class="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 hover:bg-hover">
                    <ChangeStatus status={change.status} draft={change.draft} />
                    <a
                      href={`${props.base}/changes/${change.number}`}
                      class="min-w-0 flex-1 basis-48 truncate font-medium after:absolute after:inset-0 after:content-['']"
                    >
                      {change.title} <span class="tabular font-normal text-muted">#{change.number}</span>
                    </a>
                    <LabelChips labels={change.labels} />
                    <span class="min-w-0 truncate font-mono text-xs text-muted max-sm:hidden">
                      {change.headBranch} → {change.baseBranch}
                    </span>
                    <span class="text-xs text-muted">
                      <Show when={change.createdBy}>{(name) => <>{name()}, </>}</Show>
                      <RelativeTime at={change.updatedAt} />
                    </span>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Match>
        <Match when={changes.error}>
          {(error) => (
            <ErrorState
              title="The changes could not be loaded"
              error={error()}
              retry={() => void changes.refetch()}
            />
          )}
        </Match>
        <Match when={changes.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading changes
          </p>
        </Match>
      </Switch>
    </>
  );
}

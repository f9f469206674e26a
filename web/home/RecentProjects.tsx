import { For, Match, Show, Switch } from "solid-js";
import type { Outputs } from "../api.ts";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StatusBadge } from "../ui/StatusBadge.tsx";

/** The projects of all the user's organisations, the one worked on last first. */
export function RecentProjects(props: {
  projects: Outputs["projects"]["list"] | undefined;
  error: unknown;
  retry: () => void;
}) {
  return (
    <section class="mt-2 pb-12" aria-labelledby="recent">
      <h2 id="recent" class="mb-2 text-sm font-medium text-muted">
        Recent
      </h2>
      <Switch>
        <Match when={props.error}>
          {(error) => (
            <ErrorState title="Your projects could not be loaded" error={error()} retry={props.retry} />
          )}
        </Match>
        <Match when={props.projects?.length === 0}>
          <EmptyState
            title="No projects yet"
            text="Pick a starter above, or bring a project of your own; it will be here from then on."
          />
        </Match>
        <Match when={props.projects}>
          {(projects) => (
            <ul class="divide-y divide-line rounded-panel border border-line bg-surface">
              <For each={projects()}>
                {(project) => (
                  <li class="flex items-center gap-3 px-3 py-2">
                    <a href={`/${project.orgSlug}/${project.slug}`} class="min-w-0 flex-1 rounded-control">
                      <span class="block truncate text-sm font-medium">{project.name}</span>
                      <span class="block truncate text-xs text-muted">
                        {project.orgSlug}/{project.slug} · edited <RelativeTime at={project.updatedAt} />
                      </span>
                    </a>
                    <Show when={project.previewUrl}>
                      {(url) => (
                        <a
                          href={url()}
                          target="_blank"
                          rel="noreferrer"
                          class="text-xs text-accent-text hover:underline max-sm:hidden"
                        >
                          Open site
                        </a>
                      )}
                    </Show>
                    <Show when={project.lastRun}>
                      {(run) => (
                        <a href={`/${project.orgSlug}/${project.slug}/runs/${run().number}`}>
                          <span class="sr-only">Run {run().number}: </span>
                          <StatusBadge status={run().status} />
                        </a>
                      )}
                    </Show>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Match>
      </Switch>
    </section>
  );
}

import { createQuery } from "@tanstack/solid-query";
import { For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { CopyField } from "../ui/CopyButton.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { scheduledTime } from "../ui/formatTime.ts";
import { Section } from "../ui/Section.tsx";
import { Spinner } from "../ui/Spinner.tsx";

/** What the workflows of the default branch wait for: their schedules with the next times, and webhooks with their addresses. */
export function Waiting(props: { projectId: string; base: string }) {
  return (
    <div class="grid grid-cols-1 items-start gap-6 lg:grid-cols-2">
      <Schedules projectId={props.projectId} />
      <Webhooks projectId={props.projectId} base={props.base} />
    </div>
  );
}

function Schedules(props: { projectId: string }) {
  const api = useApi();
  const schedules = createQuery(() => ({
    queryKey: ["schedules", props.projectId],
    queryFn: () => api.triggers.schedules.query({ projectId: props.projectId }),
  }));
  return (
    <Section title="Schedules">
      <Switch fallback={<Spinner />}>
        <Match when={schedules.error}>
          {(error) => (
            <ErrorState
              title="The schedules could not be loaded"
              error={error()}
              retry={() => void schedules.refetch()}
            />
          )}
        </Match>
        <Match when={schedules.data}>
          {(list) => (
            <ul class="divide-y divide-line" aria-label="Schedules">
              <For
                each={list()}
                fallback={<li class="text-muted">No workflow of the default branch has a schedule.</li>}
              >
                {(schedule) => (
                  <li class="flex flex-col gap-1 py-2 first:pt-0 last:pb-0">
                    <span class="font-medium">{schedule.words}</span>
                    <span class="text-xs break-words text-muted">
                      <code>{schedule.workflowPath.split("/").at(-1)}</code>, <code>{schedule.cron}</code> in{" "}
                      {schedule.timezone}, catches up: {schedule.catchUp}
                    </span>
                    <span class="tabular text-xs">
                      <Show when={schedule.next[0]} fallback="Never again">
                        {(next) => (
                          <>
                            Next <time datetime={next()}>{scheduledTime(new Date(next()))}</time>, then{" "}
                            {schedule.next
                              .slice(1)
                              .map((time) => scheduledTime(new Date(time)))
                              .join(", ")}
                          </>
                        )}
                      </Show>
                    </span>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Match>
      </Switch>
    </Section>
  );
}

function Webhooks(props: { projectId: string; base: string }) {
  const api = useApi();
  const webhooks = createQuery(() => ({
    queryKey: ["webhooks", props.projectId],
    queryFn: () => api.triggers.webhooks.query({ projectId: props.projectId }),
  }));
  return (
    <Section title="Webhooks">
      <Switch fallback={<Spinner />}>
        <Match when={webhooks.error}>
          {(error) => (
            <ErrorState
              title="The webhooks could not be loaded"
              error={error()}
              retry={() => void webhooks.refetch()}
            />
          )}
        </Match>
        <Match when={webhooks.data}>
          {(list) => (
            <ul class="divide-y divide-line" aria-label="Webhooks">
              <For
                each={list()}
                fallback={<li class="text-muted">No workflow of the default branch waits for a webhook.</li>}
              >
                {(hook) => (
                  <li class="flex flex-col gap-2 py-3 first:pt-0 last:pb-0">
                    <span class="flex flex-wrap items-baseline justify-between gap-x-3">
                      <span class="font-medium">{hook.name}</span>
                      <code class="text-xs text-muted">{hook.workflowPath.split("/").at(-1)}</code>
                    </span>
                    <CopyField label={`address of ${hook.name}`} text={hook.url} />
                    <span class="text-xs text-muted">
                      Signed with <code>{hook.secretRef}</code>
                      <Show when={!hook.secretIsSet}>
                        {": "}
                        <a class="link text-failed" href={`${props.base}/settings`}>
                          not set, so everything is refused
                        </a>
                      </Show>
                    </span>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Match>
      </Switch>
    </Section>
  );
}

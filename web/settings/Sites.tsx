import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { mayWrite, type Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Section } from "../ui/Section.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";

const kindWords = { share: "Share link", preview: "Preview", prod: "Production" } as const;

/** Everything that the project has published, and the button that takes it back. */
export function Sites(props: { project: Project }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [pending, setPending] = createSignal<string | null>(null);
  const sites = createQuery(() => ({
    queryKey: ["sites", props.project.id],
    queryFn: () => api.sites.list.query({ projectId: props.project.id }),
  }));
  const live = () => sites.data?.filter((site) => site.revokedAt === null) ?? [];
  const revoke = async (siteId: string, url: string) => {
    setPending(siteId);
    try {
      await api.sites.revoke.mutate({ siteId });
      await queries.invalidateQueries({ queryKey: ["sites", props.project.id] });
      toasts.show({ text: `${new URL(url).host} is gone for everyone who has the link.` });
    } catch (error) {
      toasts.fail("It is still published", error);
    } finally {
      setPending(null);
    }
  };
  return (
    <Section title="Published" text="Anyone with the address can open these.">
      <Switch fallback={<Spinner />}>
        <Match when={sites.error}>
          {(error) => (
            <ErrorState
              title="The list could not be loaded"
              error={error()}
              retry={() => void sites.refetch()}
            />
          )}
        </Match>
        <Match when={sites.data}>
          <ul class="divide-y divide-line" aria-label="Published sites">
            <For each={live()} fallback={<li class="text-muted">Nothing is published.</li>}>
              {(site) => (
                <li class="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
                  <span class="w-24 shrink-0">{kindWords[site.kind]}</span>
                  <a
                    class="link min-w-0 flex-1 basis-48 truncate"
                    href={site.url}
                    target="_blank"
                    rel="noreferrer"
                  >
                    {new URL(site.url).host}
                  </a>
                  <span class="text-xs text-muted">
                    <RelativeTime at={site.createdAt} />
                  </span>
                  <Show when={mayWrite(props.project.role)}>
                    <Button
                      variant="ghost"
                      pending={pending() === site.id}
                      aria-label={`Take back ${new URL(site.url).host}`}
                      onClick={() => void revoke(site.id, site.url)}
                    >
                      Take back
                    </Button>
                  </Show>
                </li>
              )}
            </For>
          </ul>
        </Match>
      </Switch>
    </Section>
  );
}

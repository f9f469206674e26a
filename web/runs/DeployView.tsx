import { createQuery, useQueryClient } from "@tanstack/solid-query";
import ExternalLink from "lucide-solid/icons/external-link";
import { createMemo, createSignal, For, Show } from "solid-js";
import { useApi } from "../api.ts";
import { Button, LinkButton } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { useToasts } from "../ui/Toast.tsx";
import type { DeployData } from "./artifactData.ts";

/** A deployment with its address and the earlier ones of the site to go back to. */
export function DeployView(props: { deploy: DeployData; projectId: string; mayWrite: boolean }) {
  const api = useApi();
  const toasts = useToasts();
  const queries = useQueryClient();
  const [pending, setPending] = createSignal<string | null>(null);
  const sites = createQuery(() => ({
    queryKey: ["sites", props.projectId],
    queryFn: () => api.sites.list.query({ projectId: props.projectId }),
  }));
  const host = () => new URL(props.deploy.url).host;
  const site = createMemo(() =>
    sites.data?.find((each) => each.id === props.deploy.siteId || new URL(each.url).host === host()),
  );
  /** What a deployment is called: its commit and run, as the list shows them. */
  const nameOf = (deploymentId: string) => {
    const deployment = site()?.deployments.find((each) => each.id === deploymentId);
    const run = deployment?.runNumber == null ? "" : ` of run ${deployment.runNumber}`;
    return `${deployment?.commit?.slice(0, 7) ?? "the deployment you chose"}${run}`;
  };
  const rollBack = async (siteId: string, deploymentId: string) => {
    const before = site()?.currentDeploymentId ?? null;
    setPending(deploymentId);
    try {
      await api.sites.rollback.mutate({ siteId, deploymentId });
      await queries.invalidateQueries({ queryKey: ["sites", props.projectId] });
      toasts.show({
        text: `${host()} shows ${nameOf(deploymentId)} now.`,
        action:
          before === null || before === deploymentId
            ? undefined
            : { label: "Roll forward", run: () => void rollBack(siteId, before) },
      });
    } catch (error) {
      toasts.fail("Nothing was rolled back", error);
    } finally {
      setPending(null);
    }
  };
  return (
    <div class="flex flex-col gap-6">
      <div class="flex flex-wrap items-center gap-3">
        <LinkButton
          href={props.deploy.url}
          target="_blank"
          rel="noreferrer"
          icon={<ExternalLink class="size-4" aria-hidden="true" />}
        >
          Open {host()}
        </LinkButton>
        <span class="text-muted">{props.deploy.target === "prod" ? "Production" : "Preview"}</span>
      </div>
      <Show when={sites.error}>
        {(error) => (
          <ErrorState
            title="The site's deployments could not be loaded"
            error={error()}
            retry={() => void sites.refetch()}
          />
        )}
      </Show>
      <Show when={site()}>
        {(shown) => (
          <section class="flex flex-col gap-2">
            <h3>Deployments of this site</h3>
            <ul class="divide-y divide-line rounded-panel border border-line bg-surface">
              <For each={shown().deployments}>
                {(deployment) => (
                  <li class="flex min-h-11 flex-wrap items-center gap-3 px-3 py-1">
                    <RelativeTime at={deployment.createdAt} />
                    <Show when={deployment.commit}>
                      {(commit) => <code class="text-xs text-muted">{commit().slice(0, 7)}</code>}
                    </Show>
                    <Show when={deployment.runNumber}>
                      {(number) => <span class="text-muted">run {number()}</span>}
                    </Show>
                    <span class="ml-auto">
                      <Show
                        when={deployment.id === shown().currentDeploymentId}
                        fallback={
                          <Show when={props.mayWrite && shown().revokedAt === null}>
                            <Button
                              pending={pending() === deployment.id}
                              onClick={() => void rollBack(shown().id, deployment.id)}
                            >
                              Roll back to this
                            </Button>
                          </Show>
                        }
                      >
                        <span class="text-succeeded">Live</span>
                      </Show>
                    </span>
                  </li>
                )}
              </For>
            </ul>
          </section>
        )}
      </Show>
    </div>
  );
}

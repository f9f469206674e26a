import { createQuery, useQueryClient } from "@tanstack/solid-query";
import InboxIcon from "lucide-solid/icons/inbox";
import { For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createMe, createRunsListener, mayWrite } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { ApprovalCard } from "./ApprovalCard.tsx";
import { RunRow } from "./RunRow.tsx";

/** `/inbox`: what waits for a decision, decidable in place, and what failed lately. */
export function InboxPage() {
  return (
    <SignedIn>
      <Page crumbs={[{ label: "Inbox" }]}>
        <Column>
          <InboxList />
        </Column>
      </Page>
    </SignedIn>
  );
}

function OrgListener(props: { orgId: string; changed: () => void }) {
  createRunsListener(
    () => `org:${props.orgId}`,
    () => props.changed(),
  );
  return null;
}

function InboxList() {
  const api = useApi();
  const queries = useQueryClient();
  const me = createMe();
  const inbox = createQuery(() => ({ queryKey: ["inbox"], queryFn: () => api.approvals.inbox.query() }));
  const again = () => void queries.invalidateQueries({ queryKey: ["inbox"] });
  const roleIn = (orgSlug: string) => me.data?.orgs.find((org) => org.slug === orgSlug)?.role;
  return (
    <>
      <For each={me.data?.orgs.map((org) => org.id)}>
        {(orgId) => <OrgListener orgId={orgId} changed={again} />}
      </For>
      <Switch>
        <Match when={inbox.data}>
          {(data) => (
            <>
              <Show when={data().waiting.length + data().failedRuns.length === 0}>
                <EmptyState
                  icon={<InboxIcon />}
                  title="Nothing waits for you"
                  text="Approvals that runs ask for and runs that failed come here."
                />
              </Show>
              <Show when={data().waiting.length > 0}>
                <section class="flex flex-col gap-3" aria-labelledby="waiting">
                  <h2 id="waiting" class="text-base">
                    Waiting for a decision
                  </h2>
                  <For each={data().waiting}>
                    {(approval) => (
                      <div class="flex flex-col gap-1">
                        <p class="text-muted">
                          <a
                            class="link"
                            href={`/${approval.orgSlug}/${approval.projectSlug}/runs/${approval.runNumber}`}
                          >
                            {approval.projectName}: {approval.runName} #{approval.runNumber}
                          </a>
                        </p>
                        <ApprovalCard
                          approvalId={approval.id}
                          reason={approval.reason}
                          action={approval.action}
                          contentHash={approval.contentHash}
                          subject={approval.subject}
                          expiresAt={approval.expiresAt === null ? null : Date.parse(approval.expiresAt)}
                          mayDecide={mayWrite(roleIn(approval.orgSlug))}
                          onDecided={again}
                        />
                      </div>
                    )}
                  </For>
                </section>
              </Show>
              <Show when={data().failedRuns.length > 0}>
                <section class="flex flex-col gap-3" aria-labelledby="failed">
                  <h2 id="failed" class="text-base">
                    Failed runs
                  </h2>
                  <ul class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface">
                    <For each={data().failedRuns}>
                      {(run) => (
                        <RunRow
                          run={run}
                          project={run.projectName}
                          href={`/${run.orgSlug}/${run.projectSlug}/runs/${run.number}`}
                        />
                      )}
                    </For>
                  </ul>
                </section>
              </Show>
            </>
          )}
        </Match>
        <Match when={inbox.error}>
          {(error) => (
            <ErrorState
              title="The inbox could not be loaded"
              error={error()}
              retry={() => void inbox.refetch()}
            />
          )}
        </Match>
        <Match when={inbox.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading the inbox
          </p>
        </Match>
      </Switch>
    </>
  );
}

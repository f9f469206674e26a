import { createQuery, useQueryClient } from "@tanstack/solid-query";
import InboxIcon from "lucide-solid/icons/inbox";
import { createMemo, createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { createMe, createRunsListener, mayWrite } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { createCommands } from "../ui/commands.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { ApprovalCard } from "./ApprovalCard.tsx";
import { InboxTabs } from "./InboxTabs.tsx";
import { NotificationList } from "./NotificationList.tsx";
import { RunRow } from "./RunRow.tsx";

type Inbox = Outputs["approvals"]["inbox"];
type Approval = Inbox["waiting"][number];
type Shows = "all" | "approvals" | "failures" | "messages";

/** `/inbox`: what waits for a decision, decidable in place, and what failed or was said lately. */
export function InboxPage() {
  return (
    <SignedIn>
      <Page crumbs={[{ label: "Inbox" }]}>
        <Column>
          <InboxTabs current="/inbox" />
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

const pathOf = (one: { orgSlug: string; projectSlug: string }) => `${one.orgSlug}/${one.projectSlug}`;

function InboxList() {
  const api = useApi();
  const queries = useQueryClient();
  const me = createMe();
  const inbox = createQuery(() => ({ queryKey: ["inbox"], queryFn: () => api.approvals.inbox.query() }));
  const messages = createQuery(() => ({
    queryKey: ["inbox", "messages"],
    queryFn: () => api.notifications.list.query({}),
  }));
  const again = () => void queries.invalidateQueries({ queryKey: ["inbox"] });
  const [shows, setShows] = createSignal<Shows>("all");
  const [project, setProject] = createSignal("all");
  const isShown = (part: Shows) => shows() === "all" || shows() === part;
  const inProject = (one: { orgSlug: string; projectSlug: string }) =>
    project() === "all" || pathOf(one) === project();
  const waiting = () => (isShown("approvals") ? (inbox.data?.waiting ?? []).filter(inProject) : []);
  const failed = () => (isShown("failures") ? (inbox.data?.failedRuns ?? []).filter(inProject) : []);
  const said = () => (isShown("messages") ? (messages.data ?? []).filter(inProject) : []);
  const projects = () =>
    [
      ...new Set(
        [...(inbox.data?.waiting ?? []), ...(inbox.data?.failedRuns ?? []), ...(messages.data ?? [])].map(
          pathOf,
        ),
      ),
    ].sort();
  const isEmpty = () => waiting().length + failed().length + said().length === 0;
  const isFiltered = () => shows() !== "all" || project() !== "all";
  const roleIn = (orgSlug: string) => me.data?.orgs.find((org) => org.slug === orgSlug)?.role;
  return (
    <>
      <For each={me.data?.orgs.map((org) => org.id)}>
        {(orgId) => <OrgListener orgId={orgId} changed={again} />}
      </For>
      <Switch>
        <Match when={inbox.data}>
          <Show when={projects().length > 0}>
            <div class="flex flex-wrap gap-2">
              <Select<Shows>
                label="Show"
                hideLabel
                value={shows()}
                onChange={setShows}
                options={[
                  { value: "all", label: "Everything" },
                  { value: "approvals", label: "Approvals" },
                  { value: "failures", label: "Failed runs" },
                  { value: "messages", label: "Messages" },
                ]}
              />
              <Select
                label="Project"
                hideLabel
                value={project()}
                onChange={setProject}
                options={[
                  { value: "all", label: "All projects" },
                  ...projects().map((path) => ({ value: path, label: path })),
                ]}
              />
            </div>
          </Show>
          <Show when={isEmpty()}>
            <EmptyState
              icon={<InboxIcon />}
              title={isFiltered() ? "Nothing of this kind here" : "Nothing waits for you"}
              text="Approvals that runs ask for, runs that failed and messages of workflows come here."
            />
          </Show>
          <Waiting approvals={waiting()} mayDecide={(slug) => mayWrite(roleIn(slug))} onDecided={again} />
          <Failed runs={failed()} />
          <NotificationList notifications={said()} />
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

/** Approvals by project, the oldest first. One is chosen; keys move the choice and decide about it. */
function Waiting(props: {
  approvals: readonly Approval[];
  mayDecide: (orgSlug: string) => boolean;
  onDecided: () => void;
}) {
  const [chosen, setChosen] = createSignal<string | null>(null);
  const cards = new Map<
    string,
    { element: HTMLElement; decide: (decision: "approved" | "rejected") => void }
  >();
  const groups = createMemo(() => [...Map.groupBy(props.approvals, pathOf)]);
  /** In the order of the page. */
  const order = () => groups().flatMap(([, list]) => list.map((one) => one.id));
  const move = (by: number) => {
    const ids = order();
    const now = ids.indexOf(chosen() ?? "");
    const next =
      ids[now === -1 ? (by > 0 ? 0 : ids.length - 1) : Math.min(Math.max(now + by, 0), ids.length - 1)];
    if (next === undefined) return;
    setChosen(next);
    cards.get(next)?.element.scrollIntoView({ block: "nearest" });
  };
  const decide = (decision: "approved" | "rejected") => {
    const id = chosen();
    // What has gone from the list meanwhile is not decided about.
    if (id !== null && order().includes(id)) cards.get(id)?.decide(decision);
  };
  createCommands([
    { id: "inbox.next", title: "Next approval", section: "Inbox", keys: "j", run: () => move(1) },
    { id: "inbox.previous", title: "Previous approval", section: "Inbox", keys: "k", run: () => move(-1) },
    { id: "inbox.approve", title: "Approve", section: "Inbox", keys: "a", run: () => decide("approved") },
    { id: "inbox.reject", title: "Reject", section: "Inbox", keys: "r", run: () => decide("rejected") },
  ]);
  return (
    <Show when={props.approvals.length > 0}>
      <section class="flex flex-col gap-4" aria-labelledby="waiting">
        <h2 id="waiting" class="text-base">
          Waiting for a decision
        </h2>
        <For each={groups().map(([path]) => path)}>
          {(path) => (
            <section class="flex flex-col gap-3" aria-label={path}>
              <h3 class="text-xs font-medium text-muted">{path}</h3>
              <For each={props.approvals.filter((one) => pathOf(one) === path)}>
                {(approval) => (
                  <div
                    class="flex flex-col gap-1"
                    ref={(element) => {
                      const card = cards.get(approval.id);
                      cards.set(approval.id, { decide: () => undefined, ...card, element });
                    }}
                  >
                    <p class="flex flex-wrap items-center gap-x-2 text-muted">
                      <a class="link" href={`/${path}/runs/${approval.runNumber}?step=${approval.stepId}`}>
                        {approval.runName} #{approval.runNumber}
                      </a>
                      <RelativeTime at={approval.requestedAt} />
                    </p>
                    <ApprovalCard
                      approvalId={approval.id}
                      reason={approval.reason}
                      action={approval.action}
                      contentHash={approval.contentHash}
                      subject={approval.subject}
                      subjectBefore={approval.subjectBefore}
                      rule={approval.rule}
                      expiresAt={approval.expiresAt === null ? null : Date.parse(approval.expiresAt)}
                      mayDecide={props.mayDecide(approval.orgSlug)}
                      onDecided={props.onDecided}
                      chosen={chosen() === approval.id}
                      onChoose={() => setChosen(approval.id)}
                      ref={(decideThis) => {
                        const card = cards.get(approval.id);
                        cards.set(approval.id, { element: document.body, ...card, decide: decideThis });
                      }}
                    />
                  </div>
                )}
              </For>
            </section>
          )}
        </For>
      </section>
    </Show>
  );
}

function Failed(props: { runs: Inbox["failedRuns"] }) {
  return (
    <Show when={props.runs.length > 0}>
      <section class="flex flex-col gap-3" aria-labelledby="failed">
        <h2 id="failed" class="text-base">
          Failed runs
        </h2>
        <ul class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface">
          <For each={props.runs}>
            {(run) => (
              <RunRow run={run} project={run.projectName} href={`/${pathOf(run)}/runs/${run.number}`} />
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

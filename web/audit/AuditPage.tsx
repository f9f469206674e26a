import { useParams } from "@solidjs/router";
import { createInfiniteQuery, createQuery } from "@tanstack/solid-query";
import Download from "lucide-solid/icons/download";
import ScrollText from "lucide-solid/icons/scroll-text";
import ShieldCheck from "lucide-solid/icons/shield-check";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { createMe, type Me } from "../project.ts";
import { useSession } from "../session.tsx";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { AuditRow } from "./AuditRow.tsx";
import { exportAudit, linesOf } from "./exportAudit.ts";

type Org = Me["orgs"][number];

/** `/:org/audit`: who did or was refused what, by which rule. For admins. */
export function AuditPage() {
  const params = useParams();
  const me = createMe();
  const org = () => me.data?.orgs.find((each) => each.slug === params["org"]);
  const isAdmin = () => org()?.role === "owner" || org()?.role === "admin";
  return (
    <SignedIn>
      <Page
        crumbs={[
          { label: org()?.name ?? params["org"] ?? "", href: `/${params["org"]}/settings` },
          { label: "Audit log" },
        ]}
      >
        <Column wide>
          <Switch
            fallback={
              <p class="flex items-center gap-2 text-muted">
                <Spinner /> Loading the audit log
              </p>
            }
          >
            <Match when={isAdmin() && org()?.id} keyed>
              {(_id) => <Show when={org()}>{(shown) => <AuditLog org={shown()} />}</Show>}
            </Match>
            <Match when={org()}>
              <EmptyState
                title="The audit log is for admins"
                text="An owner or admin of this organisation can look into it."
              />
            </Match>
            <Match when={me.data}>
              <EmptyState title={`There is no organisation ${params["org"]} that you are a member of`} />
            </Match>
          </Switch>
        </Column>
      </Page>
    </SignedIn>
  );
}

/** No filter; a choice without a value would show as nothing. */
const any = "any";
const decided = (decision: typeof any | "allow" | "deny" | "ask") => (decision === any ? {} : { decision });
const actions = [
  { value: any, label: "All actions" },
  { value: "deploy.", label: "Deployments" },
  { value: "pull_request.", label: "Changes of runs" },
  { value: "change.", label: "Merges" },
  { value: "release.", label: "Releases" },
  { value: "site.", label: "Sites" },
  { value: "secret", label: "Secrets" },
  { value: "approval.", label: "Approvals" },
  { value: "freeze.", label: "Freezes" },
  { value: "network.", label: "Network" },
  { value: "member.", label: "Members" },
  { value: "token.", label: "Tokens" },
  { value: "run.", label: "Runs" },
  { value: "project.", label: "Projects" },
];
const times = [
  { value: any, label: "Any time" },
  { value: "1", label: "Last 24 hours" },
  { value: "7", label: "Last 7 days" },
  { value: "30", label: "Last 30 days" },
];
const dayMs = 86_400_000;

function AuditLog(props: { org: Org }) {
  const api = useApi();
  const [project, setProject] = createSignal<string>(any);
  const [action, setAction] = createSignal<string>(any);
  const [decision, setDecision] = createSignal<typeof any | "allow" | "deny" | "ask">(any);
  const [actor, setActor] = createSignal<string>(any);
  const [days, setDays] = createSignal<string>(any);
  const members = createQuery(() => ({
    queryKey: ["members", props.org.id],
    queryFn: () => api.orgs.members.query({ orgId: props.org.id }),
  }));
  const projects = createQuery(() => ({
    queryKey: ["projects", props.org.id],
    queryFn: () => api.projects.list.query({ orgId: props.org.id }),
  }));
  const filter = () => ({
    orgId: props.org.id,
    ...(project() === any ? {} : { projectId: project() }),
    ...(action() === any ? {} : { action: action() }),
    ...decided(decision()),
    ...(actor() === any ? {} : { actor: actor() }),
  });
  const log = createInfiniteQuery(() => {
    const asked = filter();
    const since = days();
    return {
      queryKey: ["audit", asked, since],
      queryFn: ({ pageParam }: { pageParam: string | null }) =>
        api.audit.list.query({
          ...asked,
          ...(since === any ? {} : { from: new Date(Date.now() - Number(since) * dayMs).toISOString() }),
          cursor: pageParam,
        }),
      initialPageParam: null as string | null,
      getNextPageParam: (page) => page.nextCursor,
    };
  });
  const entries = () => log.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div class="flex flex-wrap items-center gap-2">
        <Select
          label="Project"
          hideLabel
          value={project()}
          onChange={setProject}
          options={[
            { value: any, label: "All projects" },
            ...(projects.data ?? []).map((one) => ({ value: one.id, label: one.name })),
          ]}
        />
        <Select label="Action" hideLabel value={action()} onChange={setAction} options={actions} />
        <Select
          label="Decision"
          hideLabel
          value={decision()}
          onChange={setDecision}
          options={[
            { value: any, label: "All decisions" },
            { value: "allow", label: "Allowed" },
            { value: "deny", label: "Denied" },
            { value: "ask", label: "Asked" },
          ]}
        />
        <Select
          label="Who"
          hideLabel
          value={actor()}
          onChange={setActor}
          options={[
            { value: any, label: "Everybody" },
            ...(members.data ?? []).map((one) => ({ value: `user:${one.userId}`, label: one.name })),
            { value: "system", label: "Coder itself" },
          ]}
        />
        <Select label="Time" hideLabel value={days()} onChange={setDays} options={times} />
        <AuditTools orgId={props.org.id} orgSlug={props.org.slug} />
      </div>
      <Switch>
        <Match when={log.error}>
          {(error) => (
            <ErrorState
              title="The audit log could not be loaded"
              error={error()}
              retry={() => void log.refetch()}
            />
          )}
        </Match>
        <Match when={log.isLoading}>
          <p class="flex items-center gap-2 text-muted">
            <Spinner /> Loading the audit log
          </p>
        </Match>
        <Match when={entries().length === 0}>
          <EmptyState
            icon={<ScrollText />}
            title="Nothing of this kind yet"
            text="What runs are allowed and refused, approvals, and changes to members, tokens, sites and freezes are written here, each with its rule."
          />
        </Match>
        <Match when={entries().length > 0}>
          <ul
            class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
            aria-label="Audit log"
          >
            <For each={entries()}>{(entry) => <AuditRow entry={entry} orgSlug={props.org.slug} />}</For>
          </ul>
          <Show when={log.hasNextPage}>
            <Button
              class="self-center"
              pending={log.isFetchingNextPage}
              onClick={() => void log.fetchNextPage()}
            >
              Show older entries
            </Button>
          </Show>
        </Match>
      </Switch>
    </>
  );
}

/** Download of the whole log, and the check of its chain in this browser. */
function AuditTools(props: { orgId: string; orgSlug: string }) {
  const session = useSession();
  const toasts = useToasts();
  const [pending, setPending] = createSignal<"export" | "verify" | null>(null);
  const download = async () => {
    setPending("export");
    try {
      const response = await exportAudit(session, props.orgId);
      const url = URL.createObjectURL(await response.blob());
      const link = document.createElement("a");
      link.href = url;
      link.download = `audit-${props.orgSlug}.jsonl`;
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      toasts.fail("The audit log was not exported", error);
    } finally {
      setPending(null);
    }
  };
  const verify = async () => {
    setPending("verify");
    try {
      const { verifyAuditChain } = await import("../../shared/audit/verifyAuditChain.ts");
      const { body } = await exportAudit(session, props.orgId);
      const verdict = await verifyAuditChain(body === null ? [] : linesOf(body));
      if (verdict.ok) {
        const { entries, head } = verdict;
        toasts.show({
          text: `${entries} entries, unbroken. Note the last one to find a cut later: ${head.seq}:${head.hash.slice(0, 16)}…`,
          duration: 15_000,
        });
      } else {
        toasts.fail(
          "The audit log is not what was written",
          new Error(`Line ${verdict.line}: ${verdict.problem}`),
        );
      }
    } catch (error) {
      toasts.fail("The audit log was not checked", error);
    } finally {
      setPending(null);
    }
  };
  return (
    <div class="ml-auto flex flex-wrap gap-2">
      <Button
        icon={<ShieldCheck aria-hidden="true" />}
        pending={pending() === "verify"}
        disabled={pending() !== null}
        onClick={() => void verify()}
      >
        Check the chain
      </Button>
      <Button
        icon={<Download aria-hidden="true" />}
        pending={pending() === "export"}
        disabled={pending() !== null}
        onClick={() => void download()}
      >
        Export
      </Button>
    </div>
  );
}

import { A, useNavigate, useParams } from "@solidjs/router";
import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createEffect, createSignal, For, Match, on, Show, Switch } from "solid-js";
import { useApi, type Outputs } from "../api.ts";
import { FreezeSection } from "../policy/FreezeSection.tsx";
import { createMe, type Me } from "../project.ts";
import { useSession } from "../session.tsx";
import { SignedIn } from "../SignedIn.tsx";
import { Button, LinkButton } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { Section } from "../ui/Section.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { Secrets } from "./Secrets.tsx";
import { RetentionSection } from "./RetentionSection.tsx";

type Org = Me["orgs"][number];
type Member = Outputs["orgs"]["members"][number];
type Role = Member["role"];

const roleOptions: { value: Role; label: string }[] = [
  { value: "owner", label: "Owner" },
  { value: "admin", label: "Admin" },
  { value: "member", label: "Member" },
  { value: "viewer", label: "Viewer" },
];

/** `/:org/settings`: name, members and roles of an organisation. */
export function OrgSettingsPage() {
  const params = useParams();
  const me = createMe();
  const org = () => me.data?.orgs.find((each) => each.slug === params["org"]);
  return (
    <SignedIn>
      <Page crumbs={[{ label: org()?.name ?? params["org"] ?? "", href: "/" }, { label: "Settings" }]}>
        <Column>
          <Switch
            fallback={
              <p class="flex items-center gap-2 text-muted">
                <Spinner /> Loading the settings
              </p>
            }
          >
            <Match when={me.error}>
              {(error) => (
                <ErrorState
                  title="The settings could not be loaded"
                  error={error()}
                  retry={() => void me.refetch()}
                />
              )}
            </Match>
            <Match when={org()?.id} keyed>
              {(_id) => (
                <Show when={org()}>
                  {(shown) => <OrgSettings org={shown()} orgs={me.data?.orgs ?? []} />}
                </Show>
              )}
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

function OrgSettings(props: { org: Org; orgs: readonly Org[] }) {
  const isAdmin = () => props.org.role === "owner" || props.org.role === "admin";
  return (
    <>
      <Show when={props.orgs.length > 1}>
        <OrgSwitch org={props.org} orgs={props.orgs} />
      </Show>
      <Show when={isAdmin()}>
        <Name org={props.org} />
      </Show>
      <Members org={props.org} isAdmin={isAdmin()} />
      <Secrets scope={{ kind: "org", orgId: props.org.id }} mayEdit={isAdmin()} />
      <FreezeSection orgId={props.org.id} projectId={null} isAdmin={isAdmin()} />
      <Show when={isAdmin()}>
        <Section
          title="Audit log"
          text="Who did or was refused what, by which rule. It is only ever added to, and can be exported and checked."
        >
          <LinkButton class="self-start" href={`/${props.org.slug}/audit`}>
            Open the audit log
          </LinkButton>
        </Section>
        <RetentionSection orgId={props.org.id} projectId={null} />
      </Show>
      <Section title="Access tokens" text="For the command line, CI and other programs that act as you.">
        <A href="/settings/tokens" class="link self-start">
          Your access tokens
        </A>
      </Section>
      <NewOrg />
    </>
  );
}

function OrgSwitch(props: { org: Org; orgs: readonly Org[] }) {
  const navigate = useNavigate();
  return (
    <Select
      label="Organisation"
      value={props.org.slug}
      onChange={(slug) => navigate(`/${slug}/settings`)}
      options={props.orgs.map((org) => ({
        value: org.slug,
        label: org.personal ? `${org.name} (personal)` : org.name,
      }))}
    />
  );
}

function Name(props: { org: Org }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [name, setName] = createSignal(props.org.name);
  const [pending, setPending] = createSignal(false);
  createEffect(on(() => props.org.name, setName));
  const save = async (to: string) => {
    const before = props.org.name;
    setPending(true);
    try {
      await api.orgs.rename.mutate({ orgId: props.org.id, name: to });
      await queries.invalidateQueries({ queryKey: ["me"] });
      toasts.show({
        text: `The organisation is called ${to}.`,
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
          disabled={name().trim() === "" || name().trim() === props.org.name}
        >
          Save
        </Button>
      </form>
    </Section>
  );
}

function Members(props: { org: Org; isAdmin: boolean }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const session = useSession();
  const members = createQuery(() => ({
    queryKey: ["members", props.org.id],
    queryFn: () => api.orgs.members.query({ orgId: props.org.id }),
  }));
  const [pending, setPending] = createSignal(false);
  /** Sets a role or removes a member; the toast offers the way back. */
  const set = async (email: string, role: Role | null) => {
    const before = members.data?.find((member) => member.email === email)?.role ?? null;
    setPending(true);
    try {
      await api.orgs.setMember.mutate({ orgId: props.org.id, email, role });
      await queries.invalidateQueries({ queryKey: ["members", props.org.id] });
      toasts.show({
        text: role === null ? `${email} is no longer a member.` : `${email} is ${role}.`,
        action: { label: "Undo", run: () => void set(email, before) },
      });
    } catch (error) {
      toasts.fail(`${email} was not changed`, error);
    } finally {
      setPending(false);
    }
  };
  const isMe = (member: Member) => {
    const state = session.state();
    return state.kind === "signed-in" && state.userId === member.userId;
  };
  return (
    <Section title="Members" text="Owners and admins manage members; members change projects; viewers look.">
      <Switch fallback={<Spinner />}>
        <Match when={members.error}>
          {(error) => (
            <ErrorState
              title="The members could not be loaded"
              error={error()}
              retry={() => void members.refetch()}
            />
          )}
        </Match>
        <Match when={members.data}>
          {(list) => (
            <ul class="divide-y divide-line" aria-label="Members">
              <For each={list()}>
                {(member) => (
                  <li class="flex flex-wrap items-center gap-x-3 gap-y-2 py-2">
                    <div class="flex min-w-0 flex-1 basis-40 flex-col">
                      <span class="truncate font-medium">
                        {member.name}
                        <Show when={isMe(member)}>
                          <span class="font-normal text-muted"> (you)</span>
                        </Show>
                      </span>
                      <span class="truncate text-xs text-muted">{member.email}</span>
                    </div>
                    <Show
                      when={props.isAdmin}
                      fallback={<span class="text-muted capitalize">{member.role}</span>}
                    >
                      <Select
                        label={`Role of ${member.name}`}
                        hideLabel
                        disabled={pending()}
                        value={member.role}
                        onChange={(role) => role !== member.role && void set(member.email, role)}
                        options={roleOptions}
                      />
                      <Button
                        variant="ghost"
                        disabled={pending()}
                        aria-label={`Remove ${member.name}`}
                        onClick={() => void set(member.email, null)}
                      >
                        Remove
                      </Button>
                    </Show>
                  </li>
                )}
              </For>
            </ul>
          )}
        </Match>
      </Switch>
      <Show when={props.isAdmin}>
        <AddMember pending={pending()} onAdd={(email, role) => set(email, role)} />
      </Show>
    </Section>
  );
}

function AddMember(props: { pending: boolean; onAdd: (email: string, role: Role) => Promise<void> }) {
  const [email, setEmail] = createSignal("");
  const [role, setRole] = createSignal<Role>("member");
  return (
    <form
      class="flex flex-wrap items-end gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        void props.onAdd(email().trim(), role()).then(() => setEmail(""));
      }}
    >
      <TextField
        class="flex-1 basis-56"
        label="Add someone by the e-mail of their account"
        type="email"
        required
        value={email()}
        onChange={setEmail}
        placeholder="name@example.com"
      />
      <Select label="Role" hideLabel value={role()} onChange={setRole} options={roleOptions} />
      <Button type="submit" pending={props.pending} disabled={!email().includes("@")}>
        Add
      </Button>
    </form>
  );
}

function NewOrg() {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const navigate = useNavigate();
  const [name, setName] = createSignal("");
  const [pending, setPending] = createSignal(false);
  const create = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    try {
      const { slug } = await api.orgs.create.mutate({ name: name().trim() });
      await queries.invalidateQueries({ queryKey: ["me"] });
      setName("");
      navigate(`/${slug}/settings`);
    } catch (error) {
      toasts.fail("The organisation was not created", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <Section
      title="New organisation"
      text="Projects, members and spending of a team stay apart from your own."
    >
      <form class="flex items-end gap-2" onSubmit={(event) => void create(event)}>
        <TextField
          class="flex-1"
          label="Name of the new organisation"
          hideLabel
          placeholder="Name"
          value={name()}
          onChange={setName}
          required
        />
        <Button type="submit" pending={pending()} disabled={name().trim() === ""}>
          Create
        </Button>
      </form>
    </Section>
  );
}

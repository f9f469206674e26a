import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi, type Inputs, type Outputs } from "../api.ts";
import { createMe, type Me } from "../project.ts";
import { SignedIn } from "../SignedIn.tsx";
import { Button } from "../ui/Button.tsx";
import { CopyField } from "../ui/CopyButton.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Column, Page } from "../ui/Page.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Section } from "../ui/Section.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

type Token = Outputs["accessTokens"]["list"][number];
type NewTokenInput = Inputs["accessTokens"]["create"];

/** `/settings/tokens`: what programs of the user sign in with. */
export function AccessTokensPage() {
  return (
    <SignedIn>
      <Page crumbs={[{ label: "Settings" }, { label: "Access tokens" }]}>
        <Column>
          <AccessTokens />
        </Column>
      </Page>
    </SignedIn>
  );
}

function AccessTokens() {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const me = createMe();
  const [created, setCreated] = createSignal<string | null>(null);
  const tokens = createQuery(() => ({
    queryKey: ["accessTokens"],
    queryFn: () => api.accessTokens.list.query(),
  }));
  const again = () => queries.invalidateQueries({ queryKey: ["accessTokens"] });
  const orgs = () => me.data?.orgs ?? [];
  const revoke = async (token: Token) => {
    try {
      await api.accessTokens.revoke.mutate({ tokenId: token.id });
      await again();
      toasts.show({ text: `${token.name} is revoked. Programs that use it are refused from now on.` });
    } catch (error) {
      toasts.fail("The token was not revoked", error);
    }
  };
  return (
    <Section
      title="Access tokens"
      text="The command line, CI and other programs act as you with a token. Give each program its own."
    >
      <Show when={created()}>
        {(token) => (
          <div class="flex flex-col gap-2 rounded-control bg-accent-soft p-3" role="status">
            <p class="font-medium">Copy the token now. It is not shown again.</p>
            <CopyField label="token" text={token()} />
          </div>
        )}
      </Show>
      <Switch fallback={<Spinner />}>
        <Match when={tokens.error}>
          {(error) => (
            <ErrorState
              title="The tokens could not be loaded"
              error={error()}
              retry={() => void tokens.refetch()}
            />
          )}
        </Match>
        <Match when={tokens.data}>
          {(list) => (
            <ul class="divide-y divide-line" aria-label="Access tokens">
              <For each={list()} fallback={<li class="text-muted">No tokens yet.</li>}>
                {(token) => <TokenRow token={token} orgs={orgs()} onRevoke={() => void revoke(token)} />}
              </For>
            </ul>
          )}
        </Match>
      </Switch>
      <NewToken
        orgs={orgs()}
        onCreated={(token) => {
          setCreated(token);
          void again();
        }}
      />
    </Section>
  );
}

function TokenRow(props: { token: Token; orgs: Me["orgs"]; onRevoke: () => void }) {
  const reach = () =>
    props.token.orgId === null
      ? "all organisations"
      : (props.orgs.find((org) => org.id === props.token.orgId)?.name ?? "one organisation");
  return (
    <li class="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
      <div class="flex min-w-0 flex-1 basis-40 flex-col">
        <span class="truncate font-medium">{props.token.name}</span>
        <span class="truncate text-xs text-muted">
          <code>{props.token.prefix}…</code> · {props.token.scope === "write" ? "read and write" : "read"} ·{" "}
          {reach()}
        </span>
      </div>
      <span class="text-xs text-muted">
        <Show when={props.token.expiresAt} fallback="does not expire">
          {(at) => (
            <>
              expires <RelativeTime at={at()} />
            </>
          )}
        </Show>
        {" · "}
        <Show when={props.token.lastUsedAt} fallback="never used">
          {(at) => (
            <>
              used <RelativeTime at={at()} />
            </>
          )}
        </Show>
      </span>
      <Button variant="ghost" aria-label={`Revoke ${props.token.name}`} onClick={() => props.onRevoke()}>
        Revoke
      </Button>
    </li>
  );
}

const lifetimes = ["7", "30", "90", "365", "never"] as const;
type Lifetime = (typeof lifetimes)[number];

function NewToken(props: { orgs: Me["orgs"]; onCreated: (token: string) => void }) {
  const api = useApi();
  const toasts = useToasts();
  const [name, setName] = createSignal("");
  const [scope, setScope] = createSignal<NewTokenInput["scope"]>("write");
  const [orgId, setOrgId] = createSignal("all");
  const [lifetime, setLifetime] = createSignal<Lifetime>("90");
  const [pending, setPending] = createSignal(false);
  const create = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    try {
      const { token } = await api.accessTokens.create.mutate({
        name: name().trim(),
        scope: scope(),
        orgId: orgId() === "all" ? null : orgId(),
        expiresInDays: lifetime() === "never" ? null : Number(lifetime()),
      });
      setName("");
      props.onCreated(token);
    } catch (error) {
      toasts.fail("No token was made", error);
    } finally {
      setPending(false);
    }
  };
  return (
    <form class="flex flex-wrap items-end gap-2" onSubmit={(event) => void create(event)}>
      <TextField
        class="flex-1 basis-48"
        label="New token for"
        placeholder="My laptop"
        value={name()}
        onChange={setName}
        required
      />
      <Select
        label="Rights"
        value={scope()}
        onChange={setScope}
        options={[
          { value: "write", label: "Read and write" },
          { value: "read", label: "Read" },
        ]}
      />
      <Select
        label="Reaches"
        value={orgId()}
        onChange={setOrgId}
        options={[
          { value: "all", label: "All organisations" },
          ...props.orgs.map((org) => ({ value: org.id, label: org.name })),
        ]}
      />
      <Select
        label="Expires"
        value={lifetime()}
        onChange={setLifetime}
        options={lifetimes.map((value) => ({
          value,
          label: value === "never" ? "Never" : `In ${value} days`,
        }))}
      />
      <Button type="submit" pending={pending()} disabled={name().trim() === ""}>
        Make token
      </Button>
    </form>
  );
}

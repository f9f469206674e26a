import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi, type Inputs } from "../api.ts";
import { mayWrite, type Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { CopyField } from "../ui/CopyButton.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Section } from "../ui/Section.tsx";
import { Select } from "../ui/Select.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

type Scope = Inputs["gitTokens"]["create"]["scope"];

/** The repository's address, and tokens for git clients; a new token is shown once. */
export function GitAccess(props: { project: Project }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [created, setCreated] = createSignal<string | null>(null);
  const tokens = createQuery(() => ({
    queryKey: ["gitTokens", props.project.id],
    queryFn: () => api.gitTokens.list.query({ projectId: props.project.id }),
  }));
  const path = () => `/git/${props.project.orgSlug}/${props.project.slug}.git`;
  const address = () => `${location.origin}${path()}`;
  const withToken = (token: string) => `${location.protocol}//git:${token}@${location.host}${path()}`;
  const active = () => tokens.data?.filter((token) => token.revokedAt === null) ?? [];
  const again = () => queries.invalidateQueries({ queryKey: ["gitTokens", props.project.id] });
  const revoke = async (tokenId: string, name: string) => {
    try {
      await api.gitTokens.revoke.mutate({ tokenId });
      await again();
      toasts.show({ text: `${name} is revoked. Clients that use it are refused from now on.` });
    } catch (error) {
      toasts.fail("The token was not revoked", error);
    }
  };
  return (
    <Section
      title="Git"
      text="Clone and push with any git client. The password is a token; the user name does not matter."
    >
      <CopyField label="clone command" text={`git clone ${address()}`} />
      <Show when={created()}>
        {(token) => (
          <div class="flex flex-col gap-2 rounded-control bg-accent-soft p-3" role="status">
            <p class="font-medium">Copy the token now. It is not shown again.</p>
            <CopyField label="token" text={token()} />
            <CopyField label="clone command with the token" text={`git clone ${withToken(token())}`} />
            <CopyField
              label="push command with the token"
              text={`git push ${withToken(token())} HEAD:${props.project.defaultBranch}`}
            />
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
          <ul class="divide-y divide-line" aria-label="Tokens">
            <For each={active()} fallback={<li class="text-muted">No tokens yet.</li>}>
              {(token) => (
                <li class="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
                  <span class="min-w-0 flex-1 basis-40 truncate font-medium">{token.name}</span>
                  <span class="text-xs text-muted">
                    {token.scope === "write" ? "read and write" : "read"}
                  </span>
                  <span class="text-xs text-muted">
                    <Show when={token.lastUsedAt} fallback="never used">
                      {(at) => (
                        <>
                          used <RelativeTime at={at()} />
                        </>
                      )}
                    </Show>
                  </span>
                  <Show when={mayWrite(props.project.role)}>
                    <Button
                      variant="ghost"
                      aria-label={`Revoke ${token.name}`}
                      onClick={() => void revoke(token.id, token.name)}
                    >
                      Revoke
                    </Button>
                  </Show>
                </li>
              )}
            </For>
          </ul>
        </Match>
      </Switch>
      <Show when={mayWrite(props.project.role)}>
        <NewToken
          projectId={props.project.id}
          onCreated={(token) => {
            setCreated(token);
            void again();
          }}
        />
      </Show>
    </Section>
  );
}

function NewToken(props: { projectId: string; onCreated: (token: string) => void }) {
  const api = useApi();
  const toasts = useToasts();
  const [name, setName] = createSignal("");
  const [scope, setScope] = createSignal<Scope>("write");
  const [pending, setPending] = createSignal(false);
  const create = async (event: SubmitEvent) => {
    event.preventDefault();
    setPending(true);
    try {
      const { token } = await api.gitTokens.create.mutate({
        projectId: props.projectId,
        name: name().trim(),
        scope: scope(),
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
        hideLabel
        value={scope()}
        onChange={setScope}
        options={[
          { value: "write", label: "Read and write" },
          { value: "read", label: "Read" },
        ]}
      />
      <Button type="submit" pending={pending()} disabled={name().trim() === ""}>
        Make token
      </Button>
    </form>
  );
}

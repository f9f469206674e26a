import { createQuery, useQueryClient } from "@tanstack/solid-query";
import KeyRound from "lucide-solid/icons/key-round";
import { createMemo, createSignal, For, Match, Show, Switch } from "solid-js";
import { useApi, type Inputs, type Outputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { Section } from "../ui/Section.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { RemoveSecret } from "./RemoveSecret.tsx";
import { SetSecret, type SecretDraft } from "./SetSecret.tsx";

export type SecretScope = Inputs["secrets"]["list"]["scope"];
export type Secret = Outputs["secrets"]["list"][number];
type Reference = Outputs["secrets"]["references"][number];

/** Secrets of a project, with those that its organisation gives it, or of an organisation. Values are never shown again. */
export function Secrets(props: { scope: SecretScope; mayEdit: boolean }) {
  const api = useApi();
  const queries = useQueryClient();
  const projectId = () => (props.scope.kind === "project" ? props.scope.projectId : null);
  const secrets = createQuery(() => ({
    queryKey: ["secrets", props.scope],
    queryFn: () => api.secrets.list.query({ scope: props.scope }),
  }));
  const references = createQuery(() => ({
    queryKey: ["secretReferences", projectId()],
    queryFn: () => api.secrets.references.query({ projectId: projectId() ?? "" }),
    enabled: projectId() !== null,
  }));
  const [draft, setDraft] = createSignal<SecretDraft | null>(null);
  const [removing, setRemoving] = createSignal<Secret | null>(null);
  const changed = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["secrets"] }),
      queries.invalidateQueries({ queryKey: ["workflows"] }),
    ]);
  const missing = createMemo(() => {
    const known = new Set(secrets.data?.map((secret) => secret.name));
    const named = references.data?.flatMap((reference) => reference.names) ?? [];
    return secrets.data === undefined ? [] : [...new Set(named)].filter((name) => !known.has(name)).sort();
  });
  const usedBy = (name: string): Reference[] =>
    references.data?.filter((reference) => reference.names.includes(name)) ?? [];
  const text = () =>
    projectId() === null
      ? "For workflows of every project. A project's own secret of the same name wins."
      : "Workflows get the ones that their policy names. A value can be replaced, and is never shown again.";
  return (
    <Section title="Secrets" text={text()}>
      <Switch fallback={<Spinner />}>
        <Match when={secrets.error}>
          {(error) => (
            <ErrorState
              title="The secrets could not be loaded"
              error={error()}
              retry={() => void secrets.refetch()}
            />
          )}
        </Match>
        <Match when={secrets.data}>
          {(list) => (
            <Show
              when={list().length + missing().length > 0}
              fallback={
                <EmptyState
                  icon={<KeyRound />}
                  title="No secrets yet"
                  text="Tokens and keys that workflows need, such as NPM_TOKEN, are kept here sealed."
                />
              }
            >
              <ul class="divide-y divide-line" aria-label="Secrets">
                <For each={missing()}>
                  {(name) => (
                    <Missing
                      name={name}
                      usedBy={usedBy(name)}
                      mayEdit={props.mayEdit}
                      onAdd={() =>
                        setDraft({ name, environment: "", givenAs: "placeholder", replaces: false })
                      }
                    />
                  )}
                </For>
                <For each={list()}>
                  {(secret) => (
                    <Row
                      secret={secret}
                      usedBy={usedBy(secret.name)}
                      mayEdit={props.mayEdit && (projectId() === null || secret.scope === "project")}
                      isInherited={projectId() !== null && secret.scope === "org"}
                      onReplace={() => {
                        const { name, environment, givenAs } = secret;
                        setDraft({ name, environment, givenAs, replaces: true });
                      }}
                      onRemove={() => setRemoving(secret)}
                    />
                  )}
                </For>
              </ul>
            </Show>
          )}
        </Match>
      </Switch>
      <Show when={props.mayEdit}>
        <div>
          <Button
            onClick={() => setDraft({ name: "", environment: "", givenAs: "placeholder", replaces: false })}
          >
            Add a secret
          </Button>
        </div>
      </Show>
      <Show when={draft()} keyed>
        {(shown) => (
          <SetSecret scope={props.scope} draft={shown} onClose={() => setDraft(null)} onSet={changed} />
        )}
      </Show>
      <Show when={removing()} keyed>
        {(secret) => (
          <RemoveSecret
            secret={secret}
            usedBy={usedBy(secret.name).map((reference) => reference.workflow)}
            onClose={() => setRemoving(null)}
            onRemoved={changed}
          />
        )}
      </Show>
    </Section>
  );
}

function UsedBy(props: { references: readonly Reference[] }) {
  return (
    <Show when={props.references.length > 0}>
      <span class="min-w-0 truncate text-xs text-muted">
        {`named by ${props.references.map((reference) => reference.workflow).join(", ")}`}
      </span>
    </Show>
  );
}

function Row(props: {
  secret: Secret;
  usedBy: readonly Reference[];
  mayEdit: boolean;
  isInherited: boolean;
  onReplace: () => void;
  onRemove: () => void;
}) {
  const where = () =>
    [
      props.isInherited ? "from the organisation" : "",
      props.secret.environment === "" ? "" : `only ${props.secret.environment}`,
      props.secret.givenAs === "value" ? "commands see the value" : "",
    ].filter((part) => part !== "");
  const label = () =>
    props.secret.environment === ""
      ? props.secret.name
      : `${props.secret.name} of ${props.secret.environment}`;
  return (
    <li class="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
      <div class="flex min-w-0 flex-1 basis-56 flex-col gap-0.5">
        <span class="flex flex-wrap items-baseline gap-x-2">
          <code class="font-medium break-all">{props.secret.name}</code>
          <span class="text-xs text-muted">{where().join(" · ")}</span>
        </span>
        <span class="text-xs text-muted">
          {`set by ${props.secret.updatedBy ?? "somebody who left"} `}
          <RelativeTime at={props.secret.updatedAt} />
          {" · "}
          <Show when={props.secret.lastUsedAt} fallback="never used">
            {(at) => (
              <>
                used <RelativeTime at={at()} />
              </>
            )}
          </Show>
        </span>
        <UsedBy references={props.usedBy} />
      </div>
      <Show when={props.mayEdit}>
        <div class="flex gap-1">
          <Button variant="ghost" aria-label={`Replace ${label()}`} onClick={() => props.onReplace()}>
            Replace
          </Button>
          <Button variant="ghost" aria-label={`Remove ${label()}`} onClick={() => props.onRemove()}>
            Remove
          </Button>
        </div>
      </Show>
    </li>
  );
}

/** A name that a workflow wants and nobody has set: it cannot start until then. */
function Missing(props: { name: string; usedBy: readonly Reference[]; mayEdit: boolean; onAdd: () => void }) {
  return (
    <li class="flex flex-wrap items-center gap-x-3 gap-y-1 py-2">
      <div class="flex min-w-0 flex-1 basis-56 flex-col gap-0.5">
        <span class="flex flex-wrap items-baseline gap-x-2">
          <code class="font-medium break-all">{props.name}</code>
          <span class="text-xs text-failed">not set</span>
        </span>
        <UsedBy references={props.usedBy} />
      </div>
      <Show when={props.mayEdit}>
        <Button aria-label={`Set ${props.name}`} onClick={() => props.onAdd()}>
          Set
        </Button>
      </Show>
    </li>
  );
}

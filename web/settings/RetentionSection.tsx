import { createQuery, useQueryClient } from "@tanstack/solid-query";
import { createEffect, createSignal, For, Match, on, Show, Switch } from "solid-js";
import { useApi, type Inputs } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Section } from "../ui/Section.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import { TextField } from "../ui/TextField.tsx";
import { useToasts } from "../ui/Toast.tsx";

type Retention = Inputs["retention"]["set"]["retention"];
type Name = keyof Retention;

const fields: { name: Name; label: string; most: number }[] = [
  { name: "logDays", label: "Logs, in days", most: 3650 },
  { name: "artifactDays", label: "Artifacts, in days", most: 3650 },
  { name: "runDays", label: "Runs with their events, in days", most: 3650 },
  { name: "deliveryDays", label: "Received events, in days", most: 3650 },
  { name: "deploymentDays", label: "Deployments, in days", most: 3650 },
  { name: "deploymentsKept", label: "Deployments of a site that always stay", most: 100 },
];

/** How long records are kept, of an organisation or (with `projectId`) of one of its projects; and what a change would delete. */
export function RetentionSection(props: { orgId: string; projectId: string | null }) {
  const api = useApi();
  const queries = useQueryClient();
  const toasts = useToasts();
  const owner = () => ({ orgId: props.orgId, projectId: props.projectId });
  const retention = createQuery(() => ({
    queryKey: ["retention", props.orgId, props.projectId],
    queryFn: () => api.retention.get.query(owner()),
  }));
  const [texts, setTexts] = createSignal<Record<string, string>>({});
  const [pending, setPending] = createSignal(false);
  const [typedAt, setTypedAt] = createSignal(0);
  createEffect(
    on(
      () => retention.data,
      (data) => {
        if (data === undefined) return;
        setTexts(Object.fromEntries(fields.map(({ name }) => [name, data.own[name]?.toString() ?? ""])));
      },
    ),
  );
  const problemOf = ({ name, most }: (typeof fields)[number]): string | undefined => {
    const text = (texts()[name] ?? "").trim();
    if (text === "" || (/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= most))
      return undefined;
    return `A whole number from 1 to ${most}, or nothing`;
  };
  const valid = () => fields.every((field) => problemOf(field) === undefined);
  const wanted = (): Retention => {
    const value = (name: Name) => {
      const text = (texts()[name] ?? "").trim();
      return text === "" ? null : Number(text);
    };
    return {
      logDays: value("logDays"),
      artifactDays: value("artifactDays"),
      runDays: value("runDays"),
      deliveryDays: value("deliveryDays"),
      deploymentDays: value("deploymentDays"),
      deploymentsKept: value("deploymentsKept"),
    };
  };
  const preview = createQuery(() => ({
    queryKey: ["retention", "preview", props.orgId, props.projectId, typedAt(), valid() ? wanted() : null],
    queryFn: () => api.retention.preview.query({ ...owner(), retention: wanted() }),
    enabled: typedAt() > 0 && valid(),
  }));
  const save = async () => {
    setPending(true);
    try {
      await api.retention.set.mutate({ ...owner(), retention: wanted() });
      await queries.invalidateQueries({ queryKey: ["retention"] });
      toasts.show({ text: "Saved. What is older is deleted within minutes." });
    } catch (error) {
      toasts.fail("Nothing was changed", error);
    } finally {
      setPending(false);
    }
  };
  const losses = () => {
    const data = preview.data;
    if (data === undefined) return null;
    const parts = [
      [data.logs, "logs"],
      [data.artifacts, "artifacts"],
      [data.runs, "runs"],
      [data.deliveries, "received events"],
      [data.deployments, "deployments"],
    ] as const;
    const some = parts
      .filter(([count]) => count > 0)
      .map(([count, word]) => `${count.toLocaleString("en")} ${word}`);
    return some.length === 0 ? "Nothing would be deleted now." : `Would be deleted now: ${some.join(", ")}.`;
  };
  return (
    <Section
      title="How long records are kept"
      text="Open runs, the newest run of each workflow, what is deployed now and the audit log always stay. An empty field takes the value beside it."
    >
      <Switch>
        <Match when={retention.error}>
          {(error) => (
            <ErrorState
              title="The settings could not be loaded"
              error={error()}
              retry={() => void retention.refetch()}
            />
          )}
        </Match>
        <Match when={retention.isLoading}>
          <Spinner />
        </Match>
        <Match when={retention.data}>
          {(data) => (
            <form
              class="flex flex-col gap-4"
              onSubmit={(event) => {
                event.preventDefault();
                void save();
              }}
            >
              <div class="grid gap-3 sm:grid-cols-2">
                <For each={fields}>
                  {(field) => (
                    <TextField
                      label={field.label}
                      value={texts()[field.name] ?? ""}
                      placeholder={String(data().inherited[field.name])}
                      error={problemOf(field)}
                      onChange={(text) => setTexts((before) => ({ ...before, [field.name]: text }))}
                    />
                  )}
                </For>
              </div>
              <Show when={losses()}>
                {(text) => (
                  <p role="status" class="text-muted">
                    {text()}
                  </p>
                )}
              </Show>
              <div class="flex gap-2">
                <Button
                  disabled={!valid()}
                  pending={preview.isFetching}
                  onClick={() => setTypedAt(Date.now())}
                >
                  Show what would be deleted
                </Button>
                <Button type="submit" disabled={!valid()} pending={pending()}>
                  Save
                </Button>
              </div>
            </form>
          )}
        </Match>
      </Switch>
    </Section>
  );
}

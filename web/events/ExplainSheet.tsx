import { createMutation, createQuery } from "@tanstack/solid-query";
import { createEffect, createSignal, Match, on, Show, Switch } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { useApi } from "../api.ts";
import type { Project } from "../project.ts";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Select } from "../ui/Select.tsx";
import { Sheet } from "../ui/Sheet.tsx";
import { TextField } from "../ui/TextField.tsx";
import { exampleEvent, exampleLabels, exampleNames, type ExampleName } from "./exampleEvents.ts";
import { Fates } from "./Fates.tsx";

export interface ExplainSheetProps {
  project: Project;
  base: string;
  /** A past delivery to begin with. */
  deliveryId?: string | undefined;
  onClose: () => void;
}

/** Asks what an event would start, and which clause keeps the other workflows back. Starts nothing. */
export function ExplainSheet(props: ExplainSheetProps) {
  const api = useApi();
  const [example, setExample] = createSignal<ExampleName>("push");
  const [text, setText] = createSignal("");
  const [problem, setProblem] = createSignal<string>();
  const refs = createQuery(() => ({
    queryKey: ["refs", props.project.id],
    queryFn: () => api.files.refs.query({ projectId: props.project.id }),
  }));
  const delivery = createQuery(() => ({
    queryKey: ["delivery", props.deliveryId],
    queryFn: () => api.triggers.delivery.query({ deliveryId: props.deliveryId ?? "" }),
    enabled: props.deliveryId !== undefined,
  }));
  const explain = createMutation(() => ({
    mutationFn: (event: Record<string, never>) =>
      api.triggers.explain.mutate({ projectId: props.project.id, event }),
  }));
  const fill = (name: ExampleName) => {
    setExample(name);
    const { defaultBranch } = props.project;
    setText(exampleEvent(name, { defaultBranch, head: refs.data?.head ?? "0".repeat(40), now: new Date() }));
    explain.reset();
  };
  createEffect(
    on(
      () => [refs.data, delivery.data] as const,
      ([, past]) => {
        if (text() !== "") return;
        if (past !== undefined) setText(JSON.stringify(past.payload, null, 2));
        else if (props.deliveryId === undefined && refs.data !== undefined) fill("push");
      },
    ),
  );
  const ask = (event: SubmitEvent) => {
    event.preventDefault();
    setProblem(undefined);
    try {
      explain.mutate(JSON.parse(text()) as Record<string, never>);
    } catch (error) {
      setProblem(`This is not JSON: ${toCoderError(error).message}`);
    }
  };
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && props.onClose()}
      title="Explain an event"
      description="Which workflows it would start, and which clause keeps the others back. Nothing is started."
    >
      <form class="flex flex-col gap-4" onSubmit={ask}>
        <Select
          label="Example"
          value={example()}
          onChange={fill}
          options={exampleNames.map((name) => ({ value: name, label: exampleLabels[name] }))}
        />
        <TextField
          class="[&_textarea]:font-mono [&_textarea]:text-xs"
          label="Event"
          multiline
          rows={14}
          value={text()}
          onChange={setText}
          error={problem()}
          hint="What filters and expressions see as event. Change what you like."
        />
        <div>
          <Button type="submit" variant="primary" pending={explain.isPending} disabled={text() === ""}>
            Explain
          </Button>
        </div>
      </form>
      <div class="mt-6" aria-live="polite">
        <Switch>
          <Match when={explain.error}>
            {(error) => <ErrorState title="The event could not be explained" error={error()} />}
          </Match>
          <Match when={explain.data}>
            {(answer) => (
              <section class="flex flex-col gap-2">
                <h3 class="text-sm font-medium">Answer</h3>
                <Show
                  when={answer().place}
                  fallback={<p class="text-muted">There is nothing to run: no commit, no workflow files.</p>}
                >
                  {(place) => (
                    <p class="text-xs text-muted">
                      Runs would be of{" "}
                      <span class="font-mono">
                        {place().ref}@{place().commit.slice(0, 7)}
                      </span>
                    </p>
                  )}
                </Show>
                <Show
                  when={answer().workflows.length > 0}
                  fallback={<p class="text-muted">There is no workflow file.</p>}
                >
                  <Fates fates={answer().workflows} base={props.base} label="Answer by workflow" />
                </Show>
              </section>
            )}
          </Match>
        </Switch>
      </div>
    </Sheet>
  );
}

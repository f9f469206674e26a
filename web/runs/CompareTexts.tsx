import { createQuery } from "@tanstack/solid-query";
import { createTwoFilesPatch } from "diff";
import { createMemo, Match, Show, Switch } from "solid-js";
import { useApi } from "../api.ts";
import { DiffView } from "../ui/DiffView.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Spinner } from "../ui/Spinner.tsx";

/** Two versions of a text, line by line. */
export function TextDiff(props: { name: string; from: string; to: string }) {
  const patch = createMemo(() => createTwoFilesPatch(props.name, props.name, props.from, props.to));
  return <DiffView patch={patch()} />;
}

/** What lies between two commits. */
export function CommitDiff(props: { projectId: string; base: string; head: string }) {
  const api = useApi();
  const diff = createQuery(() => ({
    queryKey: ["commits", props.projectId, props.base, props.head],
    queryFn: () =>
      api.history.commitDiff.query({ projectId: props.projectId, base: props.base, head: props.head }),
    staleTime: Infinity,
  }));
  return (
    <>
      <p class="font-mono text-xs text-muted">
        {props.base.slice(0, 12)} → {props.head.slice(0, 12)}
      </p>
      <Switch>
        <Match when={diff.error}>
          {(error) => (
            <ErrorState
              title="The commits could not be compared"
              error={error()}
              retry={() => void diff.refetch()}
            />
          )}
        </Match>
        <Match when={diff.isLoading}>
          <Spinner />
        </Match>
        <Match when={diff.data}>
          {(loaded) => (
            <>
              <DiffView patch={loaded().patch} openFiles={5} />
              <Show when={loaded().truncated}>
                <p class="text-muted">The difference is longer than this; only its beginning is shown.</p>
              </Show>
            </>
          )}
        </Match>
      </Switch>
    </>
  );
}

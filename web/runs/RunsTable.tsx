import { useNavigate } from "@solidjs/router";
import { createSignal, For, Match, Show, Switch, type JSX } from "solid-js";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { Spinner } from "../ui/Spinner.tsx";
import type { RunsList } from "./createRunsList.ts";
import { RunRow } from "./RunRow.tsx";

export interface RunsTableProps {
  runs: RunsList;
  filtered: boolean;
  onClear: () => void;
  /** Shown when there is nothing at all. */
  empty: JSX.Element;
  showProject?: boolean;
  /** Two of them can be chosen and compared; they are all of one project. */
  comparable?: boolean;
}

/** Runs in rows, with more of them at a press, and two to be chosen for a comparison. */
export function RunsTable(props: RunsTableProps) {
  const navigate = useNavigate();
  const [chosen, setChosen] = createSignal<readonly number[]>([]);
  const choose = (number: number) =>
    // A third choice takes the place of the first.
    setChosen((before) =>
      before.includes(number) ? before.filter((each) => each !== number) : [...before, number].slice(-2),
    );
  const compare = () => {
    const [one, other] = [...chosen()].sort((a, b) => a - b);
    const [run] = props.runs.items();
    if (one === undefined || other === undefined || run === undefined) return;
    navigate(`/${run.orgSlug}/${run.projectSlug}/runs/${other}/compare?with=${one}`);
  };
  return (
    <Switch>
      <Match when={props.runs.state() === "failed" && props.runs.items().length === 0}>
        <ErrorState
          title="The runs could not be loaded"
          error={props.runs.error()}
          retry={() => props.runs.again()}
        />
      </Match>
      <Match when={props.runs.state() === "loading" && props.runs.items().length === 0}>
        <p class="flex items-center gap-2 text-muted">
          <Spinner /> Loading runs
        </p>
      </Match>
      <Match when={props.runs.items().length === 0 && props.filtered}>
        <EmptyState
          title="No run matches these filters"
          action={<Button onClick={() => props.onClear()}>Clear filters</Button>}
        />
      </Match>
      <Match when={props.runs.items().length === 0}>{props.empty}</Match>
      <Match when={props.runs.items().length > 0}>
        <Show when={chosen().length > 0}>
          <div class="sticky top-0 z-10 flex items-center gap-3 rounded-panel border border-line bg-raised px-3 py-2">
            <span role="status">
              {chosen().length === 1
                ? `Run #${chosen()[0]} chosen. Choose another one to compare it with.`
                : `Runs #${chosen().join(" and #")} chosen.`}
            </span>
            <span class="ml-auto flex gap-2">
              <Button variant="ghost" onClick={() => setChosen([])}>
                Cancel
              </Button>
              <Button disabled={chosen().length < 2} onClick={compare}>
                Compare
              </Button>
            </span>
          </div>
        </Show>
        <ul
          aria-label="Runs"
          class="divide-y divide-line overflow-hidden rounded-panel border border-line bg-surface"
        >
          <For each={props.runs.items()}>
            {(run) => (
              <RunRow
                run={run}
                href={`/${run.orgSlug}/${run.projectSlug}/runs/${run.number}`}
                project={props.showProject ? run.projectName : undefined}
                chosen={props.comparable ? chosen().includes(run.number) : undefined}
                onChoose={() => choose(run.number)}
              />
            )}
          </For>
        </ul>
        <Show when={props.runs.state() === "failed"}>
          <ErrorState
            title="Older runs could not be loaded"
            error={props.runs.error()}
            retry={() => props.runs.more()}
          />
        </Show>
        <Show when={props.runs.hasMore()}>
          <Button class="self-center" pending={props.runs.fetchingMore()} onClick={() => props.runs.more()}>
            Show older runs
          </Button>
        </Show>
      </Match>
    </Switch>
  );
}

import Check from "lucide-solid/icons/circle-check";
import Minus from "lucide-solid/icons/circle-minus";
import TriangleAlert from "lucide-solid/icons/triangle-alert";
import { For, Match, Show, Switch, type JSX } from "solid-js";
import type { Outputs } from "../api.ts";

type Fired = Outputs["triggers"]["delivery"]["outcome"][number];
type Explained = Outputs["triggers"]["explain"]["workflows"][number];
/** What an event did to a workflow file, or would do. */
type Fate = Fired | Explained;

/** One row per workflow file: the run that it started, the clauses that kept it back, or what is wrong with it. */
export function Fates(props: { fates: readonly Fate[]; base: string; label: string }) {
  const sorted = () => [...props.fates].sort((a, b) => rank(a) - rank(b));
  return (
    <ul
      aria-label={props.label}
      class="divide-y divide-line overflow-hidden rounded-panel border border-line"
    >
      <For each={sorted()}>{(fate) => <FateRow fate={fate} base={props.base} />}</For>
    </ul>
  );
}

function rank(fate: Fate): number {
  return { fired: 0, fires: 0, invalid: 1, rejected: 2 }[fate.kind];
}

function FateRow(props: { fate: Fate; base: string }) {
  const name = () => ("name" in props.fate ? props.fate.name : (props.fate.path.split("/").at(-1) ?? ""));
  return (
    <li class="flex items-start gap-3 px-3 py-2">
      <span class="mt-0.5 shrink-0 [&_svg]:size-4">
        <Switch>
          <Match when={props.fate.kind === "fired" || props.fate.kind === "fires"}>
            <Check class="text-succeeded" aria-hidden="true" />
          </Match>
          <Match when={props.fate.kind === "invalid"}>
            <TriangleAlert class="text-failed" aria-hidden="true" />
          </Match>
          <Match when={props.fate.kind === "rejected"}>
            <Minus class="text-muted" aria-hidden="true" />
          </Match>
        </Switch>
      </span>
      <div class="flex min-w-0 flex-1 flex-col gap-1">
        <p class="flex flex-wrap items-baseline justify-between gap-x-3">
          <span class="min-w-0 truncate font-medium">{name()}</span>
          <FateWord fate={props.fate} base={props.base} />
        </p>
        <Show when={props.fate.kind === "rejected" && props.fate}>
          {(rejected) => (
            <Reasons>
              <For each={rejected().clauses}>
                {(clause) => (
                  <li>
                    <code>{clause.clause}</code>: {clause.reason}
                  </li>
                )}
              </For>
            </Reasons>
          )}
        </Show>
        <Show when={props.fate.kind === "invalid" && props.fate}>
          {(invalid) => (
            <Reasons>
              <For each={invalid().problems}>{(problem) => <li>{problem}</li>}</For>
            </Reasons>
          )}
        </Show>
      </div>
    </li>
  );
}

function Reasons(props: { children: JSX.Element }) {
  return <ul class="flex flex-col gap-0.5 text-xs break-words text-muted">{props.children}</ul>;
}

function FateWord(props: { fate: Fate; base: string }) {
  return (
    <span class="shrink-0 text-xs text-muted">
      <Switch>
        <Match when={props.fate.kind === "fired" && props.fate}>
          {(fired) => (
            <a class="link" href={`${props.base}/runs/${fired().runNumber}`}>
              Started run #{fired().runNumber}
            </a>
          )}
        </Match>
        <Match when={props.fate.kind === "fires" && props.fate}>
          {(fires) => <>Starts, by triggers[{fires().trigger}]</>}
        </Match>
        <Match when={props.fate.kind === "invalid"}>Has errors</Match>
        <Match when={props.fate.kind === "rejected"}>Does not start</Match>
      </Switch>
    </span>
  );
}

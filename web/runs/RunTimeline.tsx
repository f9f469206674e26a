import { createMemo, createSignal, For, onCleanup, Show } from "solid-js";
import { formatCredits } from "../../shared/billing/credits.ts";
import type { RunView } from "../../shared/run/reduceRun.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import { formatDuration } from "../ui/formatTime.ts";
import { StatusIcon, statusWord } from "../ui/StatusBadge.tsx";
import { timelineOf, type TimelineBar } from "./timeline.ts";

/** When each step ran, how often it was tried, when it waited, and what that cost. */
export function RunTimeline(props: {
  view: RunView;
  selected: string | null;
  onSelect: (stepId: string) => void;
}) {
  const [now, setNow] = createSignal(Date.now());
  const timer = setInterval(() => {
    if (!isFinal(props.view.status)) setNow(Date.now());
  }, 1000);
  onCleanup(() => clearInterval(timer));
  const timeline = createMemo(() => timelineOf(props.view, now()));
  const hasCost = () => props.view.millicredits > 0;
  const sum = (of: "ranMs" | "waitedMs") => timeline().rows.reduce((total, row) => total + row[of], 0);
  return (
    <div class="min-h-0 flex-1 overflow-auto p-4" tabIndex={0} role="region" aria-label="Timeline">
      <dl class="mb-4 flex flex-wrap gap-x-8 gap-y-2">
        <Figure word="from queued to the end" value={formatDuration(timeline().totalMs)} />
        <Figure word="queued" value={formatDuration(timeline().queuedMs)} />
        <Figure word="steps ran, added up" value={formatDuration(sum("ranMs"))} />
        <Show when={sum("waitedMs") > 0}>
          <Figure word="waited for people" value={formatDuration(sum("waitedMs"))} />
        </Show>
        <Show when={hasCost()}>
          <Figure word="paid" value={formatCredits(props.view.millicredits)} />
        </Show>
      </dl>
      <table class="w-full border-separate border-spacing-y-px text-sm">
        <thead class="text-left text-xs text-muted">
          <tr>
            <th class="w-px py-1 pr-4 font-medium">Step</th>
            <th class="py-1 font-medium max-sm:hidden">
              <span class="flex justify-between">
                <span>0 s</span>
                <span class="tabular">{formatDuration(timeline().totalMs)}</span>
              </span>
            </th>
            <th class="w-px py-1 pl-4 text-right font-medium">Ran</th>
            <th class="w-px py-1 pl-4 text-right font-medium">Waited</th>
            <Show when={hasCost()}>
              <th class="w-px py-1 pl-4 text-right font-medium">Paid</th>
            </Show>
          </tr>
        </thead>
        <tbody>
          <For each={timeline().rows}>
            {(row) => (
              <tr>
                <th scope="row" class="max-w-56 pr-4 text-left font-normal">
                  <button
                    type="button"
                    aria-current={props.selected === row.id ? "step" : undefined}
                    onClick={() => props.onSelect(row.id)}
                    class="hit flex w-full min-w-0 items-center gap-2 rounded-control px-1 text-left hover:bg-hover"
                    title="Show its log"
                  >
                    <StatusIcon status={row.status} />
                    <span class="min-w-0 truncate">
                      {row.name}
                      <span class="sr-only">: {statusWord(row.status)}</span>
                    </span>
                  </button>
                </th>
                <td class="max-sm:hidden">
                  <div class="relative h-5 rounded-[4px] bg-sunken">
                    <For each={row.bars}>{(bar) => <Bar bar={bar} failed={row.status === "failed"} />}</For>
                  </div>
                </td>
                <td class="tabular pl-4 text-right whitespace-nowrap">
                  {row.bars.length === 0 ? "–" : formatDuration(row.ranMs)}
                </td>
                <td class="tabular pl-4 text-right whitespace-nowrap text-muted">
                  {row.waitedMs === 0 ? "–" : formatDuration(row.waitedMs)}
                </td>
                <Show when={hasCost()}>
                  <td class="tabular pl-4 text-right whitespace-nowrap text-muted">
                    {row.millicredits === 0 ? "–" : formatCredits(row.millicredits)}
                  </td>
                </Show>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      <p class="mt-4 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
        <Key look="bg-running" word="ran" />
        <Key look="bg-failed" word="failed attempt" />
        <Key look={waitingLook} word="waited for approval" />
      </p>
    </div>
  );
}

const waitingLook =
  "border border-waiting bg-[repeating-linear-gradient(135deg,var(--color-waiting-soft)_0_4px,var(--color-waiting)_4px_5px)]";

function Bar(props: { bar: TimelineBar; failed: boolean }) {
  const words = () =>
    `${props.bar.kind === "waiting" ? "Waited" : `Attempt ${props.bar.attempt}, ran`} ${formatDuration(props.bar.ms)}`;
  return (
    <span
      role="img"
      aria-label={words()}
      title={words()}
      class={`absolute inset-y-0.5 min-w-0.5 rounded-[3px] ${props.bar.kind === "waiting" ? waitingLook : props.failed ? "bg-failed" : "bg-running"}`}
      style={{ left: `${props.bar.left}%`, width: `${props.bar.width}%` }}
    />
  );
}

function Figure(props: { word: string; value: string }) {
  return (
    <div class="flex flex-col-reverse">
      <dt class="text-xs text-muted">{props.word}</dt>
      <dd class="tabular text-lg font-semibold">{props.value}</dd>
    </div>
  );
}

function Key(props: { look: string; word: string }) {
  return (
    <span class="inline-flex items-center gap-1">
      <span class={`h-3 w-5 rounded-[3px] ${props.look}`} aria-hidden="true" />
      {props.word}
    </span>
  );
}

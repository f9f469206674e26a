import { For, Show } from "solid-js";
import { creditsInWords, type Estimate, type Range } from "../../shared/run/estimate.ts";
import { formatDuration } from "../ui/formatTime.ts";

/** What a dry run says about the real one: its time, what it can cost, and the time of each step. */
export function EstimateView(props: { estimate: Estimate }) {
  return (
    <div class="flex max-w-2xl flex-col gap-4">
      <Show when={props.estimate.durationMs} fallback={<p class="text-muted">{props.estimate.message}</p>}>
        {(time) => (
          <p>
            About <strong class="font-medium">{formatDuration(time().median)}</strong>, {spanOf(time())} in
            the last {props.estimate.runs === 1 ? "successful run" : `${props.estimate.runs} successful runs`}
            .
          </p>
        )}
      </Show>
      <Show when={creditsInWords(props.estimate)}>{(words) => <p>Credits: {words()}.</p>}</Show>
      <Show when={props.estimate.steps}>
        {(steps) => (
          <table class="w-full text-sm">
            <thead class="text-left text-xs text-muted">
              <tr>
                <th class="py-1 pr-4 font-medium">Step</th>
                <th class="py-1 pr-4 text-right font-medium">About</th>
                <th class="py-1 text-right font-medium">Between</th>
              </tr>
            </thead>
            <tbody>
              <For each={steps()}>
                {(step) => (
                  <tr class="border-t border-line">
                    <th scope="row" class="py-1 pr-4 text-left font-normal break-words">
                      {step.name}
                    </th>
                    <td class="tabular py-1 pr-4 text-right whitespace-nowrap">
                      {step.durationMs === null ? "–" : formatDuration(step.durationMs.median)}
                    </td>
                    <td class="tabular py-1 text-right text-muted">
                      {step.durationMs === null ? "not done yet" : spanOf(step.durationMs)}
                    </td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        )}
      </Show>
    </div>
  );
}

function spanOf({ low, high }: Range): string {
  return `${formatDuration(low)} to ${formatDuration(high)}`;
}

import { createQuery } from "@tanstack/solid-query";
import { createMemo, createSignal, For, Match, Show, Switch } from "solid-js";
import { formatCredits } from "../../shared/billing/credits.ts";
import { diffLogs, type LogDiffLine } from "../../shared/run/diffLogs.ts";
import type { StepChange } from "../../shared/run/diffRuns.ts";
import { unpackPage } from "../../shared/run/packedLog.ts";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { ErrorState } from "../ui/ErrorState.tsx";
import { formatDuration } from "../ui/formatTime.ts";
import { Spinner } from "../ui/Spinner.tsx";
import { StatusIcon, statusWord } from "../ui/StatusBadge.tsx";
import { AnsiText } from "./AnsiText.tsx";
import type { Comparable } from "./runFacts.ts";

/** Of each log; more takes long to compare and nobody reads it. */
const comparedLines = 20_000;

/** Steps of either run with status and time in both, and on demand the difference of their logs. */
export function CompareSteps(props: {
  projectId: string;
  steps: readonly StepChange[];
  from: Comparable;
  to: Comparable;
}) {
  const [open, setOpen] = createSignal<string | null>(null);
  const linesOf = (run: Comparable, stepId: string) =>
    run.logs.find((log) => log.stepId === stepId)?.lines ?? 0;
  return (
    <ul class="divide-y divide-line rounded-panel border border-line bg-surface">
      <For each={props.steps}>
        {(step) => (
          <li class="flex flex-col">
            <div class="flex min-h-10 flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1 max-sm:gap-x-2">
              <span class="min-w-0 flex-1 basis-40 truncate font-medium max-sm:basis-full">{step.name}</span>
              <Side side={step.from} />
              <span aria-hidden="true" class="text-muted">
                →
              </span>
              <Side side={step.to} />
              <span class="tabular w-20 text-right text-xs max-sm:w-14">
                <Show when={step.slowerMs !== null && Math.abs(step.slowerMs) >= 50 ? step.slowerMs : null}>
                  {(ms) => (
                    <span class={ms() > 0 ? "text-waiting" : "text-succeeded"}>
                      {ms() > 0 ? "+" : "−"}
                      {formatDuration(Math.abs(ms()))}
                    </span>
                  )}
                </Show>
              </span>
              <Show when={step.dearerMillicredits}>
                {(more) => (
                  <span
                    class={`tabular text-right text-xs ${more() > 0 ? "text-waiting" : "text-succeeded"}`}
                  >
                    {more() > 0 ? "+" : "−"}
                    {formatCredits(Math.abs(more()))}
                  </span>
                )}
              </Show>
              <Button
                variant="ghost"
                aria-expanded={open() === step.id}
                disabled={linesOf(props.from, step.id) + linesOf(props.to, step.id) === 0}
                onClick={() => setOpen(open() === step.id ? null : step.id)}
              >
                Logs
              </Button>
            </div>
            <Show when={open() === step.id}>
              <LogDiff
                stepId={step.id}
                from={{ runId: props.from.run.id, lines: linesOf(props.from, step.id) }}
                to={{ runId: props.to.run.id, lines: linesOf(props.to, step.id) }}
              />
            </Show>
          </li>
        )}
      </For>
    </ul>
  );
}

function Side(props: { side: StepChange["from"] }) {
  return (
    <span class="inline-flex w-24 items-center gap-1 text-xs max-sm:w-[4.75rem]">
      <Show when={props.side} fallback={<span class="text-muted">not there</span>}>
        {(side) => (
          <>
            <StatusIcon status={side().status} />
            <span class="sr-only">{statusWord(side().status)}</span>
            <span class="tabular text-muted">
              {side().ms === null ? statusWord(side().status) : formatDuration(side().ms ?? 0)}
            </span>
          </>
        )}
      </Show>
    </span>
  );
}

interface LogRef {
  runId: string;
  lines: number;
}

function LogDiff(props: { stepId: string; from: LogRef; to: LogRef }) {
  const api = useApi();
  const load = async ({ runId, lines }: LogRef): Promise<string[]> => {
    const texts: string[] = [];
    const end = Math.min(lines, comparedLines);
    while (texts.length < end) {
      const pages = await api.history.logPages.query({
        runId,
        stepId: props.stepId,
        from: texts.length,
        to: end - 1,
      });
      if (pages.length === 0) break;
      for (const page of pages) texts.push(...unpackPage(page).map((line) => line.text));
    }
    return texts.slice(0, end);
  };
  const both = createQuery(() => ({
    queryKey: ["logs", props.from.runId, props.to.runId, props.stepId],
    queryFn: () => Promise.all([load(props.from), load(props.to)]),
    staleTime: Infinity,
  }));
  const diff = createMemo(() => (both.data === undefined ? undefined : diffLogs(...both.data)));
  const isCut = () => Math.max(props.from.lines, props.to.lines) > comparedLines;
  return (
    <div class="border-t border-line bg-sunken">
      <Switch>
        <Match when={both.error}>
          {(error) => (
            <ErrorState
              title="The logs could not be loaded"
              error={error()}
              retry={() => void both.refetch()}
            />
          )}
        </Match>
        <Match when={both.isLoading}>
          <p class="flex items-center gap-2 p-3 text-muted">
            <Spinner /> Loading both logs
          </p>
        </Match>
        <Match when={diff() === null}>
          <p class="p-3 text-muted">The logs have too little in common to be compared line by line.</p>
        </Match>
        <Match when={diff()?.every((line) => line.kind === "gap")}>
          <p class="p-3 text-muted">The logs say the same, but for times and the like.</p>
        </Match>
        <Match when={diff()}>
          {(lines) => (
            <div
              class="overflow-x-auto py-2 font-mono text-xs"
              tabIndex={0}
              role="region"
              aria-label="Log difference"
            >
              <For each={lines().slice(0, 2000)}>{(line) => <DiffRow line={line} />}</For>
            </div>
          )}
        </Match>
      </Switch>
      <Show when={isCut()}>
        <p class="px-3 pb-2 text-xs text-muted">
          Only the first {comparedLines.toLocaleString("en")} lines of each are compared.
        </p>
      </Show>
    </div>
  );
}

const looks: Record<LogDiffLine["kind"], string> = {
  same: "",
  added: "bg-succeeded-soft",
  removed: "bg-failed-soft",
  gap: "text-muted",
};
const signs: Record<LogDiffLine["kind"], string> = { same: " ", added: "+", removed: "−", gap: " " };

function DiffRow(props: { line: LogDiffLine }) {
  return (
    <div class={`flex w-max min-w-full leading-5 ${looks[props.line.kind]}`}>
      <span class="tabular w-12 shrink-0 pr-2 text-right text-muted select-none">{props.line.from}</span>
      <span class="tabular w-12 shrink-0 pr-2 text-right text-muted select-none">{props.line.to}</span>
      <span class="w-4 shrink-0 select-none">{signs[props.line.kind]}</span>
      <span class="pr-4 whitespace-pre">
        <Show when={props.line.kind === "gap"} fallback={<AnsiText text={props.line.text.slice(0, 4000)} />}>
          {Number(props.line.text).toLocaleString("en")} lines that are the same
        </Show>
      </span>
    </div>
  );
}

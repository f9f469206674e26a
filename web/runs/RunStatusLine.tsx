import WifiOff from "lucide-solid/icons/wifi-off";
import { For, lazy, Show, Suspense } from "solid-js";
import { formatCredits } from "../../shared/billing/credits.ts";
import type { RunView } from "../../shared/run/reduceRun.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import type { Outputs } from "../api.ts";
import type { Freshness } from "../live.ts";
import { formatDuration } from "../ui/formatTime.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StatusBadge, statusWord } from "../ui/StatusBadge.tsx";
import { Elapsed } from "./Elapsed.tsx";

// Only dry runs have one, and it brings zod.
const EstimateNote = lazy(async () => ({ default: (await import("./EstimateNote.tsx")).EstimateNote }));

type Run = Outputs["runs"]["get"];

/** The first thing to read: what, why, since when, what it cost. */
export function RunStatusLine(props: {
  run: Run;
  view: RunView;
  freshness: Freshness;
  /** Path of the project's runs. */
  base: string;
}) {
  const status = () => (props.view.lastSeq === 0 ? props.run.status : props.view.status);
  const ran = () => {
    const { startedAt, finishedAt } = props.view;
    return startedAt === null || finishedAt === null ? null : finishedAt - startedAt;
  };
  /** Why the run failed, unless a step's banner says the same. */
  const ownFailure = () => {
    const failure = props.view.failure;
    const said = props.view.steps.some(
      (step) => step.failure !== null && failure?.message.includes(step.failure.message),
    );
    return said ? null : failure;
  };
  const why = () =>
    [props.run.createdBy === null ? "" : `by ${props.run.createdBy}`, props.run.trigger]
      .filter(Boolean)
      .join(" · ");
  const estimate = () =>
    props.view.artifacts.find(({ kind, name }) => kind === "metrics" && name === "estimate");
  const compared = () => (props.run.number > 1 ? String(props.run.attempts[0]?.number ?? "previous") : null);
  return (
    <div class="flex shrink-0 flex-col gap-1 border-b border-line bg-surface px-4 py-3" aria-live="polite">
      <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StatusBadge
          status={status()}
          word={props.view.cancelRequested && !isFinal(status()) ? "Canceling" : undefined}
        />
        <h2 class="min-w-0 truncate text-base">{props.run.name}</h2>
        <span class="min-w-0 truncate font-mono text-xs text-muted">
          {props.run.ref}@{props.run.commit.slice(0, 7)}
        </span>
        <span class="tabular text-muted">
          <Show
            when={ran()}
            fallback={<Show when={props.view.startedAt}>{(since) => <Elapsed since={since()} />}</Show>}
          >
            {(ms) => formatDuration(ms())}
          </Show>
        </span>
        <Show when={!isFinal(status()) && (props.freshness === "offline" || props.freshness === "polling")}>
          <span class="inline-flex items-center gap-1 text-waiting">
            <WifiOff class="size-4" aria-hidden="true" />
            {props.freshness === "offline"
              ? "Not connected. The run goes on; this page catches up."
              : "Connecting to live updates"}
          </span>
        </Show>
      </div>
      <p class="text-muted">
        {why()} · <span class="font-mono text-xs">{props.run.workflowPath}</span> ·{" "}
        <RelativeTime at={props.run.createdAt} />
        <Show when={props.run.dryRun}> · dry run</Show>
        <Show when={estimate()}>
          {(artifact) => (
            <Suspense>
              <EstimateNote artifact={artifact()} />
            </Suspense>
          )}
        </Show>
        <Show when={props.view.millicredits > 0}>
          {" "}
          · <span class="tabular">{formatCredits(props.view.millicredits)}</span>
        </Show>
        <Show when={compared()}>
          {(number) => (
            <>
              {" "}
              ·{" "}
              <a class="link" href={`${props.base}/${props.run.number}/compare?with=${number()}`}>
                compare with another run
              </a>
            </>
          )}
        </Show>
        <Show when={props.view.resumes > 0}>
          {" "}
          · taken over by another worker {props.view.resumes === 1 ? "once" : `${props.view.resumes} times`}
        </Show>
      </p>
      <Attempts attempts={props.run.attempts} base={props.base} />
      <Show when={ownFailure()}>{(failure) => <p class="text-failed">{failure().message}</p>}</Show>
    </div>
  );
}

/** Which runs this one runs again, and which run it again. */
function Attempts(props: { attempts: Run["attempts"]; base: string }) {
  const earlier = () => props.attempts.filter((attempt) => attempt.relation === "earlier");
  const later = () => props.attempts.filter((attempt) => attempt.relation === "later");
  const links = (attempts: Run["attempts"]) => (
    <For each={attempts}>
      {(attempt, index) => (
        <>
          {index() > 0 ? ", " : ""}
          <a class="link" href={`${props.base}/${attempt.number}`}>
            #{attempt.number}
          </a>{" "}
          {statusWord(attempt.status).toLowerCase()}
        </>
      )}
    </For>
  );
  return (
    <Show when={props.attempts.length > 0}>
      <p class="text-muted">
        <Show when={earlier().length > 0}>
          Attempt {earlier().length + 1} of run{" "}
          <a class="link" href={`${props.base}/${earlier().at(-1)?.number ?? ""}`}>
            #{earlier().at(-1)?.number}
          </a>
          ; before it {links(earlier())}.
        </Show>{" "}
        <Show when={later().length > 0}>Run again as {links(later())}.</Show>
      </p>
    </Show>
  );
}

import WifiOff from "lucide-solid/icons/wifi-off";
import { Show } from "solid-js";
import type { RunView } from "../../shared/run/reduceRun.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import type { Outputs } from "../api.ts";
import type { Freshness } from "../live.ts";
import { formatDuration } from "../ui/formatTime.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StatusBadge } from "../ui/StatusBadge.tsx";
import { Elapsed } from "./Elapsed.tsx";

type Run = Outputs["runs"]["get"];

/** The first thing to read: what, why, since when. */
export function RunStatusLine(props: { run: Run; view: RunView; freshness: Freshness }) {
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
        <Show when={props.freshness === "offline" || props.freshness === "polling"}>
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
        <Show when={props.view.resumes > 0}>
          {" "}
          · taken over by another worker {props.view.resumes === 1 ? "once" : `${props.view.resumes} times`}
        </Show>
      </p>
      <Show when={ownFailure()}>{(failure) => <p class="text-failed">{failure().message}</p>}</Show>
    </div>
  );
}

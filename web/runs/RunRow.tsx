import { Show } from "solid-js";
import type { Outputs } from "../api.ts";
import { formatDuration } from "../ui/formatTime.ts";
import { RelativeTime } from "../ui/RelativeTime.tsx";
import { StatusBadge } from "../ui/StatusBadge.tsx";
import { Elapsed } from "./Elapsed.tsx";

type RunSummary = Outputs["runs"]["list"]["items"][number];

/** A run in a list: one link over the whole row. */
export function RunRow(props: {
  run: RunSummary;
  href: string;
  project?: string | undefined;
  /** For a list whose rows can be chosen. */
  chosen?: boolean | undefined;
  onChoose?: () => void;
}) {
  const lasted = () => {
    const { startedAt, finishedAt } = props.run;
    return startedAt === null || finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt);
  };
  return (
    <li class="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2 hover:bg-hover">
      <Show when={props.chosen !== undefined}>
        <input
          type="checkbox"
          aria-label={`Choose run ${props.run.number} to compare`}
          checked={props.chosen === true}
          onChange={() => props.onChoose?.()}
          class="relative z-[1] size-4 shrink-0 accent-[var(--color-accent)]"
        />
      </Show>
      <span class="w-24 shrink-0">
        <StatusBadge status={props.run.status} />
      </span>
      <div class="flex min-w-0 flex-1 basis-48 flex-col">
        <a href={props.href} class="truncate font-medium after:absolute after:inset-0 after:content-['']">
          {props.run.name} <span class="tabular font-normal text-muted">#{props.run.number}</span>
        </a>
        <Show
          when={props.run.failure}
          fallback={<span class="truncate font-mono text-xs text-muted">{props.run.workflowPath}</span>}
        >
          {(failure) => <span class="truncate text-xs text-failed">{failure().message}</span>}
        </Show>
      </div>
      <span class="min-w-0 truncate font-mono text-xs text-muted max-sm:hidden">
        {props.run.ref}@{props.run.commit.slice(0, 7)}
      </span>
      <span class="w-32 truncate text-xs text-muted max-md:hidden">
        {props.project ?? [props.run.trigger, props.run.createdBy].filter(Boolean).join(" · ")}
      </span>
      <div class="tabular flex items-center gap-3 text-xs text-muted max-sm:w-full max-sm:pl-27 sm:text-right">
        <span class="sm:w-16">
          <Show
            when={lasted()}
            fallback={
              <Show when={props.run.status === "running" && props.run.startedAt}>
                {(since) => <Elapsed since={Date.parse(since())} />}
              </Show>
            }
          >
            {(ms) => formatDuration(ms())}
          </Show>
        </span>
        <span class="sm:w-24">
          <RelativeTime at={props.run.createdAt} />
        </span>
      </div>
    </li>
  );
}

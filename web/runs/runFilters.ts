import { runStatuses, type RunStatus } from "../../shared/run/events.ts";

/** The filters as the URL holds them. */
export interface RunFilters {
  status?: string;
  workflow?: string;
  trigger?: string;
  ref?: string;
  actor?: string;
  text?: string;
  since?: string;
}

export const noFilters = {
  status: null,
  workflow: null,
  trigger: null,
  ref: null,
  actor: null,
  text: null,
  since: null,
} satisfies Record<keyof RunFilters, null>;

export const triggerWords: Record<string, string> = {
  manual: "Started by hand",
  rerun: "Run again",
  cron: "Schedule",
  repo_event: "Repository event",
  webhook: "Webhook",
  workflow: "Another workflow",
  api: "API",
};

/** How far back, in hours. */
export const spans: Record<string, { label: string; hours: number }> = {
  hour: { label: "Last hour", hours: 1 },
  day: { label: "Last 24 hours", hours: 24 },
  week: { label: "Last 7 days", hours: 168 },
  month: { label: "Last 30 days", hours: 720 },
};

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the server is asked; values of an old or mistyped URL that mean nothing are left out. `now` in milliseconds. */
export function toRunFilter(filters: RunFilters, now: number) {
  const status: RunStatus | undefined = runStatuses.find((each) => each === filters.status);
  const span =
    filters.since !== undefined && Object.hasOwn(spans, filters.since) ? spans[filters.since] : undefined;
  const text = filters.text?.trim().slice(0, 200);
  return {
    ...(status === undefined ? {} : { status }),
    ...(filters.workflow ? { workflowPath: filters.workflow } : {}),
    ...(filters.trigger !== undefined && Object.hasOwn(triggerWords, filters.trigger)
      ? { trigger: filters.trigger }
      : {}),
    ...(filters.ref ? { ref: filters.ref } : {}),
    ...(filters.actor !== undefined && uuid.test(filters.actor) ? { actor: filters.actor } : {}),
    ...(text ? { text } : {}),
    ...(span === undefined ? {} : { since: new Date(now - span.hours * 3_600_000).toISOString() }),
  };
}

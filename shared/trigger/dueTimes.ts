import type { Cron } from "croner";
import { cronPattern } from "./cronPattern.ts";

/**
 * When a cron schedule is due, as instants (milliseconds since the epoch, whole minutes), through changes of the clock.
 * The fields are matched against the zone's wall clock. Where that jumps:
 * - a schedule with fixed hours goes by the wall clock: a minute that is skipped is due once, at the first minute after
 *   the gap; a minute that comes twice is due the first time only;
 * - a schedule of every hour (`*` first in its hour field) goes by elapsed time: nothing is moved, and both passes of a
 *   repeated hour count.
 * It is the rule of the usual cron daemons (crontab of Debian). croner alone moves some skipped minutes, drops others
 * and repeats hours of a list, so it is asked for the pattern only, on a clock without jumps.
 */
export interface CronSchedule {
  /** Five fields. */
  cron: string;
  /** IANA name. */
  timezone: string;
}

const minute = 60_000;
const quarter = 15 * minute;
const hour = 60 * minute;
/** Further from a change of the clock than any change is wide. */
const margin = 3 * hour;

/** Every due time after `from`, up to and with `to`, in order. */
export function dueTimes(schedule: CronSchedule, from: number, to: number): number[] {
  if (to <= from) return [];
  const pattern = cronPattern(schedule.cron);
  const zone = zoneOf(schedule.timezone);
  const isSteady = zone.offsetAt(from - margin) === zone.offsetAt(to + margin) && to - from < 24 * hour;
  const slack = isSteady ? 0 : margin;
  const last = to + zone.offsetAt(to) + slack;
  const due = new Set<number>();
  let label = nextLabel(pattern, from + zone.offsetAt(from) - slack);
  while (label !== undefined && label <= last) {
    for (const at of instantsOf(label, zone, { byElapsedTime: isHourly(schedule.cron) })) {
      if (at > from && at <= to) due.add(at);
    }
    label = nextLabel(pattern, label);
  }
  return [...due].sort((a, b) => a - b);
}

/** The first due time after `from`, or undefined when the schedule never is again. */
export function nextDueTime(schedule: CronSchedule, from: number): number | undefined {
  const zone = zoneOf(schedule.timezone);
  const label = nextLabel(cronPattern(schedule.cron), from + zone.offsetAt(from));
  if (label === undefined) return undefined;
  const at = label - zone.offsetAt(label - zone.offsetAt(from));
  const isNear = zone.offsetAt(from - margin) !== zone.offsetAt(from + margin);
  const isSteady = zone.offsetAt(at - margin) === zone.offsetAt(at + margin);
  if (!isNear && isSteady) return at;
  const until = Math.max(at, from) + 2 * margin;
  return dueTimes(schedule, from, until)[0] ?? nextDueTime(schedule, until);
}

/** The next due times after `from`, at most `max`, in order. */
export function nextDueTimes(schedule: CronSchedule, { from, max }: { from: number; max: number }): number[] {
  const found: number[] = [];
  for (let at = nextDueTime(schedule, from); at !== undefined; at = nextDueTime(schedule, at)) {
    found.push(at);
    if (found.length >= max) break;
  }
  return found;
}

/** The last due times after `from`, up to and with `to`, at most `max`, in order; looks back no further than it needs. */
export function lastDueTimes(
  schedule: CronSchedule,
  { from, to, max }: { from: number; to: number; max: number },
): number[] {
  for (let window = 2 * hour; ; window *= 24) {
    const found = dueTimes(schedule, Math.max(from, to - window), to);
    if (found.length >= max || to - window <= from) return found.slice(-max);
  }
}

/** Whether the minute of this instant is a due one. */
export function isDue(schedule: CronSchedule, at: number): boolean {
  const start = Math.floor(at / minute) * minute;
  return dueTimes(schedule, start - 1, start).length > 0;
}

function isHourly(cron: string): boolean {
  return (cron.trim().split(/\s+/)[1] ?? "").startsWith("*");
}

/** The next matching reading of a wall clock without jumps, written as if it were UTC. */
function nextLabel(pattern: Cron, after: number): number | undefined {
  return pattern.nextRun(new Date(after))?.getTime();
}

/** The instants at which the zone's clock shows `label`. */
function instantsOf(label: number, zone: Zone, { byElapsedTime }: { byElapsedTime: boolean }): number[] {
  const before = zone.offsetAt(label - 24 * hour);
  const after = zone.offsetAt(label + 24 * hour);
  if (before === after) return [label - before];
  const shown = [label - before, label - after]
    .filter((at) => at + zone.offsetAt(at) === label)
    .sort((a, b) => a - b);
  const [first] = shown;
  if (byElapsedTime) return shown;
  return [first ?? endOfGap(zone, label)];
}

/** The first instant after the change of the clock that skips `label`. */
function endOfGap(zone: Zone, label: number): number {
  let low = label - 24 * hour;
  let high = label + 24 * hour;
  const old = zone.offsetAt(low);
  while (high - low > minute) {
    const middle = Math.floor((low + high) / 2 / minute) * minute;
    if (zone.offsetAt(middle) === old) low = middle;
    else high = middle;
  }
  return high;
}

interface Zone {
  /** Milliseconds that the zone's clock is ahead of UTC. */
  offsetAt(at: number): number;
}

const zones = new Map<string, Zone>();

function zoneOf(timezone: string): Zone {
  const known = zones.get(timezone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  });
  const offsets = new Map<number, number>();
  const zone: Zone = {
    offsetAt(at) {
      // Clocks change at quarters of an hour; asking the formatter for each minute would cost most of the time.
      const start = Math.floor(at / quarter) * quarter;
      const known = offsets.get(start);
      if (known !== undefined) return known;
      const parts = Object.fromEntries(
        format.formatToParts(start).map((part) => [part.type, Number(part.value)]),
      );
      const { year = 0, month = 1, day = 1, hour: hours = 0, minute: minutes = 0 } = parts;
      const offset = Date.UTC(year, month - 1, day, hours, minutes) - start;
      if (offsets.size >= 10_000) offsets.clear();
      offsets.set(start, offset);
      return offset;
    },
  };
  zones.set(timezone, timezone === "UTC" ? { offsetAt: () => 0 } : zone);
  return zones.get(timezone) ?? zone;
}

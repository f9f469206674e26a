/**
 * The words that Agentic Workflows have for a schedule (`daily around 14:00`, `weekly on monday`, `every 2h`) as cron in
 * UTC. They leave the minute to their compiler; here it is the middle of what they allow, or a fixed one.
 * See https://github.com/github/gh-aw, docs/src/content/docs/reference/fuzzy-schedule-specification.md.
 * @returns undefined for anything that cron does not say: other words, every second week, intervals that do not divide.
 */
export function fuzzySchedule(text: string): string | undefined {
  const words = text.trim().toLowerCase().replaceAll(/\s+/g, " ");
  const every = /^every (\d+) ?(m|minutes?|h|hours?|d|days?)$/.exec(words);
  if (every !== null) return interval(Number(every[1]), every[2]?.[0] ?? "");
  if (words === "hourly") return `${someMinute} * * * *`;
  const [, period, weekday, constraint] =
    /^(daily|weekly)(?: on (\w+))?(?: (around|between) .+)?$/.exec(words) ?? [];
  if (period === undefined || (period === "daily" && weekday !== undefined)) return undefined;
  const day = weekday === undefined ? 1 : weekdays.indexOf(weekday);
  const minutes = constraint === undefined ? 6 * 60 + someMinute : timeOf(words);
  if (day === -1 || minutes === undefined) return undefined;
  // With an offset from UTC the time may be one of the day before or after.
  const shift = Math.floor(minutes / dayMinutes);
  const within = minutes - shift * dayMinutes;
  const at = `${within % 60} ${Math.floor(within / 60)} * *`;
  return period === "daily" ? `${at} *` : `${at} ${(day + shift + 7) % 7}`;
}

/** Of no importance, and not the full hour, when everything else starts. */
const someMinute = 17;
const dayMinutes = 24 * 60;
const weekdays = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

function interval(count: number, unit: string): string | undefined {
  if (unit === "d") return count === 1 ? fuzzySchedule("daily") : undefined;
  const whole = unit === "m" ? 60 : 24;
  if (count === 0 || whole % count !== 0) return undefined;
  if (unit === "m") return count === 60 ? `${someMinute} * * * *` : `*/${count} * * * *`;
  return count === 24 ? fuzzySchedule("daily") : `${someMinute} */${count} * * *`;
}

/** Minutes of the day in UTC that the constraint names, or the middle of its two; may be of another day. */
function timeOf(words: string): number | undefined {
  const around = / around (.+)$/.exec(words)?.[1];
  if (around !== undefined) return minutesOf(around);
  const [, from = "", to = ""] = / between (.+) and (.+)$/.exec(words) ?? [];
  const [start, end] = [minutesOf(from), minutesOf(to)];
  if (start === undefined || end === undefined) return undefined;
  return Math.round(start + ((end - start + dayMinutes) % dayMinutes) / 2);
}

function minutesOf(spec: string): number | undefined {
  const keywords: Record<string, string> = { midnight: "0:00", noon: "12:00" };
  const [, time = "", sign, hours = "0", rest = "0"] =
    /^(\S+)(?: utc([+-])(\d{1,2})(?::(\d\d))?)?$/.exec(spec) ?? [];
  const [, hour = "", minute = "0", half] =
    /^(\d{1,2})(?::(\d\d))?(am|pm)?$/.exec(keywords[time] ?? time) ?? [];
  if (hour === "" || Number(minute) > 59 || Number(hour) > (half === undefined ? 23 : 12)) return undefined;
  const offset = (Number(hours) * 60 + Number(rest)) * (sign === "-" ? -1 : 1);
  const ofDay = half === undefined ? Number(hour) : (Number(hour) % 12) + (half === "pm" ? 12 : 0);
  return ofDay * 60 + Number(minute) - offset;
}

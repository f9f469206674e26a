import { Cron } from "croner";

/** Five fields, of what croner reads: names, lists, ranges, steps, `L`, `W`, `#`. */
const fields = /^\s*\S+(?:\s+\S+){4}\s*$/;

const known = new Map<string, Cron>();

/**
 * A five-field cron expression as a pattern on a clock in UTC.
 * @throws RangeError for what is none; the message says why.
 */
export function cronPattern(expression: string): Cron {
  const kept = known.get(expression);
  if (kept !== undefined) return kept;
  const made = parse(expression);
  // Schedules come from files of strangers; the cache must not grow with them.
  if (known.size >= 1000) known.clear();
  known.set(expression, made);
  return made;
}

function parse(expression: string): Cron {
  // croner takes a date as well (all that holds a colon), which is a time and no schedule.
  if (expression.includes(":")) throw new RangeError("it holds a colon, as a date does and no field");
  if (!fields.test(expression)) throw new RangeError("it has not five fields");
  try {
    return new Cron(expression, { mode: "5-part", paused: true, timezone: "UTC" });
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError)
      throw new RangeError(error.message.replace(/^CronPattern: /, ""), { cause: error });
    throw error;
  }
}

import fc from "fast-check";
import { expect, test } from "vitest";
import { dueTimes, isDue, lastDueTimes, nextDueTime, nextDueTimes } from "./dueTimes.ts";

const at = (iso: string): number => Date.parse(iso);
const due = (cron: string, timezone: string, [from, to]: [string, string]): string[] =>
  dueTimes({ cron, timezone }, at(from), at(to)).map((time) => new Date(time).toISOString().slice(0, 16));

const newYork = "America/New_York";
const berlin = "Europe/Berlin";
const lordHowe = "Australia/Lord_Howe";

test("W89 a schedule follows the wall clock of its zone", () => {
  const spring: [string, string] = ["2026-03-06T00:00Z", "2026-03-10T00:00Z"];
  expect(due("0 9 * * *", newYork, spring)).toEqual([
    "2026-03-06T14:00",
    "2026-03-07T14:00",
    "2026-03-08T13:00",
    "2026-03-09T13:00",
  ]);
  expect(due("0 9 * * 1-5", "UTC", ["2026-11-20T09:00Z", "2026-11-24T09:00Z"])).toEqual([
    "2026-11-23T09:00",
    "2026-11-24T09:00",
  ]);
});

test("W90 a minute that the clock skips is due once, right after the gap", () => {
  const night: [string, string] = ["2026-03-08T03:00Z", "2026-03-08T12:00Z"];
  expect(due("30 2 * * *", newYork, night)).toEqual(["2026-03-08T07:00"]);
  expect(due("15,45 2 * * *", newYork, night)).toEqual(["2026-03-08T07:00"]);
  expect(due("0 2,3 * * *", newYork, night)).toEqual(["2026-03-08T07:00"]);
  expect(due("30 2 * * *", berlin, ["2026-03-28T12:00Z", "2026-03-29T12:00Z"])).toEqual(["2026-03-29T01:00"]);
  // The gap of this island is half an hour wide.
  expect(due("15 2 * * *", lordHowe, ["2026-10-03T12:00Z", "2026-10-04T00:00Z"])).toEqual([
    "2026-10-03T15:30",
  ]);
  expect(due("45 2 * * *", lordHowe, ["2026-10-03T12:00Z", "2026-10-04T00:00Z"])).toEqual([
    "2026-10-03T15:45",
  ]);
});

test("W90 a minute that comes twice is due the first time", () => {
  expect(due("30 1 * * *", newYork, ["2026-11-01T03:00Z", "2026-11-01T12:00Z"])).toEqual([
    "2026-11-01T05:30",
  ]);
  expect(due("30 1,2 * * *", newYork, ["2026-11-01T03:00Z", "2026-11-01T12:00Z"])).toEqual([
    "2026-11-01T05:30",
    "2026-11-01T07:30",
  ]);
  expect(due("30 2 * * *", berlin, ["2026-10-24T12:00Z", "2026-10-25T12:00Z"])).toEqual(["2026-10-25T00:30"]);
  expect(due("45 1 * * *", lordHowe, ["2026-04-04T12:00Z", "2026-04-05T00:00Z"])).toEqual([
    "2026-04-04T14:45",
  ]);
  // Asked from within the repeated hour as well.
  const schedule = { cron: "30 1 * * *", timezone: newYork };
  expect(nextDueTime(schedule, at("2026-11-01T06:10Z"))).toBe(at("2026-11-02T06:30Z"));
});

test("W90 a schedule of every hour goes by elapsed time", () => {
  const evenly = (cron: string, zone: string, span: [string, string], every: number): void => {
    const times = dueTimes({ cron, timezone: zone }, at(span[0]), at(span[1]));
    expect(times.length).toBe((at(span[1]) - at(span[0])) / every);
    for (const [index, time] of times.entries()) {
      if (index > 0) expect(time - (times[index - 1] ?? 0)).toBe(every);
    }
  };
  for (const [zone, day] of [
    [newYork, "2026-11-01"],
    [newYork, "2026-03-08"],
    [berlin, "2026-10-25"],
    [lordHowe, "2026-04-04"],
    [lordHowe, "2026-10-03"],
  ] as const) {
    evenly("*/10 * * * *", zone, [`${day}T00:00Z`, `${day}T20:00Z`], 600_000);
  }
  evenly("15 * * * *", newYork, ["2026-03-08T00:15Z", "2026-03-08T20:15Z"], 3_600_000);
});

const crons = fc.constantFrom(
  "* * * * *",
  "*/7 * * * *",
  "0 * * * *",
  "30 1 * * *",
  "30 2 * * *",
  "15,45 1-3 * * *",
  "0 0 * * 0",
  "5 4 1 * *",
);
const zones = fc.constantFrom(newYork, berlin, lordHowe, "UTC", "Asia/Kolkata", "America/St_Johns");
/** Around the changes of the clock, and anywhere. */
const instants = fc.oneof(
  fc
    .constantFrom("2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-03-29T01:00Z", "2026-10-25T01:00Z")
    .chain((change) => fc.integer({ min: -300, max: 300 }).map((minutes) => at(change) + minutes * 60_000)),
  fc.integer({ min: at("2026-01-01T00:00Z"), max: at("2027-12-31T00:00Z") }),
);

test("W91 however a span is cut, each due minute is found once", () => {
  fc.assert(
    fc.property(
      crons,
      zones,
      instants,
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 5 }),
      (cron, timezone, start, cuts) => {
        const schedule = { cron, timezone };
        const pieces: number[] = [];
        let from = start;
        for (const minutes of cuts) {
          pieces.push(...dueTimes(schedule, from, from + minutes * 60_000));
          from += minutes * 60_000;
        }
        expect(pieces).toEqual(dueTimes(schedule, start, from));
        expect(new Set(pieces).size).toBe(pieces.length);
        for (const time of pieces) expect(isDue(schedule, time)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("W91 the next due time is the first of those that follow", () => {
  fc.assert(
    fc.property(crons, zones, instants, (cron, timezone, from) => {
      const next = nextDueTime({ cron, timezone }, from);
      expect(next).toBeGreaterThan(from);
      expect(dueTimes({ cron, timezone }, from, next ?? 0)).toEqual([next]);
    }),
    { numRuns: 150 },
  );
});

test("W91 the last due times of a long absence are found without counting all of them", () => {
  const schedule = { cron: "* * * * *", timezone: newYork };
  const found = lastDueTimes(schedule, {
    from: at("2020-01-01T00:00Z"),
    to: at("2026-11-01T08:00Z"),
    max: 100,
  });
  expect(found).toHaveLength(100);
  expect(found.at(-1)).toBe(at("2026-11-01T08:00Z"));
  const yearly = { cron: "0 0 1 1 *", timezone: "UTC" };
  expect(
    lastDueTimes(yearly, { from: at("2020-06-01T00:00Z"), to: at("2026-06-01T00:00Z"), max: 100 }).map(
      (time) => new Date(time).getUTCFullYear(),
    ),
  ).toEqual([2021, 2022, 2023, 2024, 2025, 2026]);
});

test("W91 the next due times are in the zone's own clock, and none are made up for a schedule that ends", () => {
  const next = nextDueTimes(
    { cron: "30 2 * * *", timezone: berlin },
    { from: at("2026-03-27T12:00Z"), max: 3 },
  );
  // On the 29th the clock skips from 2 to 3 o'clock.
  expect(next.map((time) => new Date(time).toISOString())).toEqual([
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
  expect(
    nextDueTimes({ cron: "0 0 31 2 *", timezone: berlin }, { from: at("2026-03-27T12:00Z"), max: 3 }),
  ).toEqual([]);
});

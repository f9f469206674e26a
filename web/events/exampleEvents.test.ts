import { expect, test } from "vitest";
import { readTriggerEvent } from "../../shared/trigger/triggerEvent.ts";
import { exampleEvent, exampleNames } from "./exampleEvents.ts";

test("each example is an event that can be asked about", () => {
  const place = { defaultBranch: "main", head: "a".repeat(40), now: new Date("2026-11-21T09:00:42Z") };
  for (const name of exampleNames) {
    const event: unknown = JSON.parse(exampleEvent(name, place));
    expect(readTriggerEvent(event).payload["event"]).toBe(name);
  }
  expect(exampleEvent("cron", place)).toContain('"due": "2026-11-21T09:00:00Z"');
});

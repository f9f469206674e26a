import { z } from "zod";
import { CoderError } from "../errors.ts";
import type { Value } from "../workflow/expressions.ts";
import { repoEvents } from "../workflow/schema.ts";

/** Where an event comes from. */
export const sources = ["repo", "webhook", "cron", "workflow", "manual"] as const;
export type Source = (typeof sources)[number];

/**
 * Something that has happened and may start workflows. `payload` is what filters and expressions see as `event`;
 * its field `event` says what it is, so that a payload alone can be explained and sent again.
 */
export interface TriggerEvent {
  source: Source;
  /** "push", "pull_request.opened" …; the webhook's name; the path of the workflow that is due or has ended. */
  event: string;
  payload: Record<string, Value>;
}

const payloadSchema = z.record(z.string(), z.json());
const whenDue = z.iso.datetime({ offset: true });

/**
 * Reads the payload of an event: `{ event: "push", … }`, `{ event: "webhook", name, body }`,
 * `{ event: "cron", workflow, due }`, `{ event: "workflow", workflow, status }` or `{ event: "manual" }`.
 * @throws CoderError `bad_input` that says what is missing.
 */
export function readTriggerEvent(json: unknown): TriggerEvent {
  const parsed = payloadSchema.safeParse(json);
  if (!parsed.success) throw new CoderError("bad_input", "An event is a JSON object");
  const payload = parsed.data;
  const { event } = payload;
  if (isRepoEvent(event)) return { source: "repo", event, payload };
  switch (event) {
    case "webhook":
      return { source: "webhook", event: text(payload, "name"), payload };
    case "cron":
      if (!whenDue.safeParse(payload["due"]).success)
        throw new CoderError(
          "bad_input",
          'A cron event says when it is due: { "due": "2026-11-21T09:00:00Z" }',
        );
      return {
        source: "cron",
        event: typeof payload["workflow"] === "string" ? payload["workflow"] : "",
        payload,
      };
    case "workflow":
      text(payload, "status");
      return { source: "workflow", event: text(payload, "workflow"), payload };
    case "manual":
      return { source: "manual", event: "manual", payload };
    default: {
      const known = [...repoEvents, "webhook", "cron", "workflow", "manual"].join(", ");
      const given = event === undefined ? "is missing" : `is ${JSON.stringify(event)}`;
      throw new CoderError("bad_input", `The event's field "event" ${given}; it is one of ${known}`);
    }
  }
}

export type RepoEvent = (typeof repoEvents)[number];

export function isRepoEvent(event: unknown): event is RepoEvent {
  return (repoEvents as readonly unknown[]).includes(event);
}

function text(payload: Record<string, Value>, name: string): string {
  const value = payload[name];
  if (typeof value === "string" && value !== "") return value;
  throw new CoderError("bad_input", `Such an event has a text "${name}"`);
}

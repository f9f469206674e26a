import { z } from "zod";
import { runStatuses } from "../../shared/run/events.ts";
import { id } from "./inputs.ts";
import type { RunPlace } from "../sql/listRuns.ts";

const instant = z.iso.datetime({ offset: true });

/** What lists of runs can be narrowed by. */
export const runFilter = {
  status: z.enum(runStatuses).optional(),
  workflowPath: z.string().min(1).max(1024).optional(),
  trigger: z.string().min(1).max(50).optional(),
  ref: z.string().min(1).max(250).optional(),
  actor: id.optional(),
  text: z.string().trim().min(1).max(200).optional(),
  since: instant.optional(),
  until: instant.optional(),
  /** `nextCursor` of the page before. */
  cursor: z
    .string()
    .regex(/^\S{20,40}_[0-9a-f-]{36}$/)
    .nullish(),
  limit: z.int().min(1).max(100).default(30),
};

/** The place in the list that a cursor names. */
export function placeOf(cursor: string | null | undefined): RunPlace | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const [createdAt = "", runId = ""] = cursor.split("_");
  return { createdAt: instant.parse(createdAt), id: id.parse(runId) };
}

export function cursorOf(run: { createdAt: string; id: string }): string {
  return `${run.createdAt}_${run.id}`;
}

import { toString as cronInWords } from "cronstrue";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import { nextDueTime } from "../../shared/trigger/dueTimes.ts";
import { readTriggerEvent } from "../../shared/trigger/triggerEvent.ts";
import type { SignedIn } from "../context.ts";
import { explainTriggers } from "../explainTriggers.ts";
import { findOrgSlug } from "../sql/findOrgSlug.ts";
import { listDeliveries, readDelivery } from "../sql/listDeliveries.ts";
import { listSchedules, listWebhooks } from "../sql/listTriggers.ts";
import { redeliver } from "../sql/redeliver.ts";
import { requireProject } from "../sql/requireProject.ts";
import { secretNames } from "../sql/secretNames.ts";
import { procedure, router } from "../trpc.ts";
import type { Delivery, DeliverySummary, Explanation, Schedule, WebhookAddress } from "../views.ts";
import { id } from "./inputs.ts";

const cursor = z
  .string()
  .max(100)
  .transform((text) => text.split(" "))
  .pipe(z.tuple([z.iso.datetime({ offset: true }), z.uuid()]))
  .transform(([receivedAt, last]) => ({ receivedAt, id: last }));

export const triggersRouter = router({
  /** What has come in, the last first; `cursor` is `nextCursor` of the page before. */
  deliveries: procedure
    .input(
      z.strictObject({
        projectId: id,
        source: z.enum(["repo", "webhook", "cron", "workflow"]).optional(),
        result: z.enum(["fired", "failed"]).optional(),
        cursor: cursor.nullish(),
        limit: z.int().min(1).max(100).default(30),
      }),
    )
    .query(({ ctx, input }): Promise<{ items: DeliverySummary[]; nextCursor: string | null }> =>
      ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        const { cursor: before, limit, ...filter } = input;
        const found = await listDeliveries(tx, { ...filter, before: before ?? undefined, limit: limit + 1 });
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const more = found.length > limit && last !== undefined;
        return { items, nextCursor: more ? `${last.receivedAt} ${last.id}` : null };
      }),
    ),
  delivery: procedure
    .input(z.strictObject({ deliveryId: id }))
    .query(({ ctx, input }): Promise<Delivery> => requireDelivery(ctx, input.deliveryId)),
  /** Sends the payload of a past delivery again. `id` is made once per intent: a double click is one delivery. */
  redeliver: procedure
    .input(z.strictObject({ id, deliveryId: id }))
    .mutation(({ ctx, input }): Promise<{ deliveryId: string }> =>
      ctx.asCaller(async (tx) => ({ deliveryId: await redeliver(tx, input) })),
    ),
  /** Changes nothing; a mutation only because an event does not fit into the address of a query. */
  explain: procedure
    .meta({ safe: true })
    .input(
      z.union([
        z.strictObject({ projectId: id, event: z.record(z.string(), z.json()) }),
        z.strictObject({ projectId: id, deliveryId: id }),
      ]),
    )
    .mutation(async ({ ctx, input }): Promise<Explanation> => {
      if ("event" in input)
        return explainTriggers(ctx, input.projectId, { event: readTriggerEvent(input.event), depth: 0 });
      const { projectId, source, event, payload, depth } = await requireDelivery(ctx, input.deliveryId);
      if (projectId !== input.projectId)
        throw new CoderError("not_found", "There is no such delivery in this project");
      return explainTriggers(ctx, projectId, { event: { source, event, payload }, depth });
    }),
  /** Schedules with the next three times that each is due. */
  schedules: procedure
    .input(z.strictObject({ projectId: id }))
    .query(async ({ ctx, input }): Promise<Schedule[]> => {
      const schedules = await ctx.asCaller(async (tx) => {
        await requireProject(tx, input.projectId);
        return listSchedules(tx, input.projectId);
      });
      return schedules.map(({ nextDue, ...schedule }) => ({
        ...schedule,
        words: cronInWords(schedule.cron, { use24HourTimeFormat: true, verbose: true }),
        next: nextTimes(schedule, nextDue),
      }));
    }),
  /** Addresses that workflows wait at, and whether the secret that signs is there. */
  webhooks: procedure
    .input(z.strictObject({ projectId: id }))
    .query(({ ctx, input }): Promise<WebhookAddress[]> =>
      ctx.asCaller(async (tx) => {
        const project = await requireProject(tx, input.projectId);
        const [listeners, org, secrets] = [
          await listWebhooks(tx, project.id),
          await findOrgSlug(tx, project.orgId),
          await secretNames(tx, project),
        ];
        return listeners.map(({ secretRef, ...listener }) => ({
          ...listener,
          secretRef: secretRef ?? "",
          secretIsSet: secrets.includes(secretRef ?? ""),
          url: `${ctx.deps.hooksUrl}/${org}/${project.slug}/${listener.name}`,
        }));
      }),
    ),
});

async function requireDelivery(caller: SignedIn, deliveryId: string): Promise<Delivery> {
  const delivery = await caller.asCaller((tx) => readDelivery(tx, deliveryId));
  if (delivery === undefined)
    throw new CoderError("not_found", "There is no such delivery, or you may not see it");
  return delivery;
}

function nextTimes(schedule: { cron: string; timezone: string }, first: string | null): string[] {
  const times: string[] = [];
  let at = first === null ? undefined : Date.parse(first);
  while (at !== undefined && times.length < 3) {
    times.push(new Date(at).toISOString());
    at = nextDueTime(schedule, at);
  }
  return times;
}

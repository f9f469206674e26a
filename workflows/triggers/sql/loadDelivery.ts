import { z } from "zod";
import { sources } from "../../../shared/trigger/triggerEvent.ts";
import type { Sql } from "../../engine/database.ts";

const rowSchema = z.object({
  id: z.string(),
  source: z.enum(sources),
  event: z.string(),
  payload: z.record(z.string(), z.json()),
  depth: z.int(),
  status: z.enum(["pending", "handled", "failed"]),
  project_id: z.string(),
  default_branch: z.string(),
  org_slug: z.string(),
  project_slug: z.string(),
});
export type DeliveryRow = z.infer<typeof rowSchema>;

/** A delivery with the names of its project, or undefined when it went with its project. */
export async function loadDelivery(sql: Sql, deliveryId: string): Promise<DeliveryRow | undefined> {
  const [row] = await sql`
    select d.id, d.source, d.event, d.payload, d.depth, d.status, d.project_id, p.default_branch, o.slug as org_slug, p.slug as project_slug
    from public.deliveries d join public.projects p on p.id = d.project_id join public.orgs o on o.id = d.org_id
    where d.id = ${deliveryId}`;
  return row && rowSchema.parse(row);
}

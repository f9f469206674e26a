import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { Delivery, DeliverySummary } from "../views.ts";

export interface DeliveryFilter {
  projectId: string;
  source?: DeliverySummary["source"] | undefined;
  /** Only those that started a run, or only those that failed. */
  result?: "fired" | "failed" | undefined;
  /** The last delivery of the page before. */
  before?: { receivedAt: string; id: string } | undefined;
  limit: number;
}

function selectDeliveries(tx: CallerTransaction) {
  return tx
    .selectFrom("deliveries")
    .select((eb) => [
      "id",
      "project_id as projectId",
      eb.ref("source").$castTo<DeliverySummary["source"]>().as("source"),
      "event",
      "depth",
      eb.ref("status").$castTo<DeliverySummary["status"]>().as("status"),
      eb.ref("outcome").$castTo<DeliverySummary["outcome"]>().as("outcome"),
      "failure",
      "redelivery_of as redeliveryOf",
      "received_at as receivedAt",
      "handled_at as handledAt",
    ]);
}

/** Deliveries of a project, the last received first. */
export function listDeliveries(tx: CallerTransaction, filter: DeliveryFilter): Promise<DeliverySummary[]> {
  let query = selectDeliveries(tx)
    .where("project_id", "=", filter.projectId)
    .orderBy("received_at", "desc")
    .orderBy("id", "desc")
    .limit(filter.limit);
  if (filter.source !== undefined) query = query.where("source", "=", filter.source);
  if (filter.result === "failed") query = query.where("status", "=", "failed");
  if (filter.result === "fired") query = query.where(sql<boolean>`outcome @> '[{"kind":"fired"}]'`);
  const { before } = filter;
  if (before !== undefined)
    query = query.where(
      sql<boolean>`(received_at, id) < (${before.receivedAt}::timestamptz, ${before.id}::uuid)`,
    );
  return query.execute();
}

/** One delivery with its payload, or undefined for what the caller cannot see. */
export function readDelivery(tx: CallerTransaction, deliveryId: string): Promise<Delivery | undefined> {
  return selectDeliveries(tx)
    .select((eb) => eb.ref("payload").$castTo<Delivery["payload"]>().as("payload"))
    .where("id", "=", deliveryId)
    .executeTakeFirst();
}

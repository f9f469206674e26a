import type { CallerTransaction } from "../context.ts";

/** Marks the caller's notifications as read, or as not read again; those of others are out of reach of the update. */
export async function markNotificationsRead(
  tx: CallerTransaction,
  request: { ids: readonly string[]; readAt: string | null },
): Promise<void> {
  await tx
    .updateTable("notifications")
    .set({ read_at: request.readAt })
    .where("id", "in", request.ids)
    .execute();
}

import { z } from "zod";
import { changeBindingSchema } from "./changeSubscription.ts";

/** The payload of `phx_join`. Fields that older clients leave out have the defaults of hosted Supabase. */
export const joinPayloadSchema = z.object({
  access_token: z.string().nullish(),
  config: z
    .object({
      private: z.boolean().nullish(),
      broadcast: z
        .object({
          self: z.boolean().nullish(),
          ack: z.boolean().nullish(),
          replication_ready: z.boolean().nullish(),
          replay: z
            .object({
              since: z.number().int().min(0).max(8.64e15),
              limit: z.number().int().min(1).max(25).default(25),
            })
            .nullish(),
        })
        .nullish(),
      presence: z.object({ key: z.string().nullish(), enabled: z.boolean().nullish() }).nullish(),
      postgres_changes: z.array(changeBindingSchema).nullish(),
      postgres_changes_options: z.object({ wait: z.boolean().nullish() }).nullish(),
    })
    .default({}),
});
export type JoinConfig = z.infer<typeof joinPayloadSchema>["config"];

/** Payload of a broadcast in text form. */
export const broadcastPayloadSchema = z.object({ event: z.string(), payload: z.unknown() });

/** Payload of a `presence` message. */
export const presencePayloadSchema = z.object({
  event: z.string().transform((event) => event.toLowerCase()),
  payload: z.record(z.string(), z.unknown()).nullish(),
});

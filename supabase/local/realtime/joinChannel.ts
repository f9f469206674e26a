import { CoderError, toCoderError } from "../../../shared/errors.ts";
import { readGrants } from "./authorize.ts";
import { bindingId, resolveBinding } from "./changeSubscription.ts";
import type { ChangeBinding, ChangeSubscription } from "./changeSubscription.ts";
import { Channel, deniedRead } from "./channel.ts";
import type { ChannelSocket } from "./channel.ts";
import type { Claims } from "./claims.ts";
import type { ClientFrame } from "./frames.ts";
import { joinPayloadSchema } from "./joinPayload.ts";
import type { JoinConfig } from "./joinPayload.ts";
import type { Services } from "./services.ts";

/** A channel that may be joined, not yet in its room. */
export interface PreparedJoin {
  channel: Channel;
  bindings: ChangeBinding[];
  subscriptions: ChangeSubscription[];
  /** Why row changes will not come, where that does not refuse the join. */
  changesError: string | null;
}

/**
 * Checks a join: payload, token, policies, bindings.
 * @throws CoderError whose message is the reason that the client sees.
 */
export async function prepareJoin(
  services: Services,
  socket: ChannelSocket & { apiKey: string },
  frame: ClientFrame,
): Promise<PreparedJoin> {
  const subTopic = readSubTopic(frame.topic);
  const parsed = joinPayloadSchema.safeParse(frame.payload ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CoderError("bad_input", `Invalid join payload: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { config } = parsed.data;
  const claims = await services.verify(parsed.data.access_token || socket.apiKey);
  const grants = config.private
    ? await readGrants(services.sql, { claims, topic: subTopic })
    : { broadcast: true, presence: true };
  if (!grants.broadcast && !grants.presence) throw new CoderError("forbidden", deniedRead(subTopic));
  if (config.broadcast?.replay && !config.private) {
    throw new CoderError("bad_input", "Replay needs a private channel");
  }
  const changes = await resolveBindings(services, claims, config);
  const channel = new Channel(services, socket, {
    topic: frame.topic,
    joinRef: frame.joinRef,
    claims,
    grants,
    config,
  });
  return { channel, ...changes };
}

/** Puts a prepared channel into its room and answers the join. */
export async function completeJoin(
  services: Services,
  join: PreparedJoin,
  ref: string | null,
): Promise<void> {
  const { channel, bindings, subscriptions, changesError } = join;
  if (channel.ended) return;
  services.rooms.join(channel, channel);
  if (subscriptions.length > 0) services.changes.subscribe(channel, subscriptions);
  const replayed = await channel.readReplay();
  // The client compares the fields of its bindings with these, in order.
  const listed = bindings.map((binding) => ({ id: bindingId(binding), ...binding }));
  channel.reply(ref, "ok", { postgres_changes: listed });
  channel.begin(replayed);
  if (changesError !== null) channel.sendSystem("postgres_changes", "error", changesError);
  else if (bindings.length > 0) channel.sendSystem("postgres_changes", "ok", "Subscribed to PostgreSQL");
}

function readSubTopic(topic: string): string {
  const subTopic = topic.startsWith("realtime:") ? topic.slice("realtime:".length) : "";
  // A NUL cannot be stored in Postgres, so no policy could ever speak of such a topic.
  if (subTopic === "" || subTopic.includes("\0") || Buffer.byteLength(topic) > 255) {
    throw new CoderError("bad_input", "A topic is 'realtime:' and a name, together at most 255 bytes");
  }
  return subTopic;
}

async function resolveBindings(
  services: Services,
  claims: Claims,
  config: JoinConfig,
): Promise<Pick<PreparedJoin, "bindings" | "subscriptions" | "changesError">> {
  const bindings = config.postgres_changes ?? [];
  if (bindings.length > services.limits.changesPerChannel) {
    throw new CoderError(
      "rate_limited",
      `A channel takes at most ${services.limits.changesPerChannel} postgres_changes`,
    );
  }
  try {
    const subscriptions = await Promise.all(
      bindings.map((binding) => resolveBinding(services.sql, binding, claims)),
    );
    return { bindings, subscriptions, changesError: null };
  } catch (error) {
    const { code, message } = toCoderError(error);
    // As hosted: the channel is joined and hears of the error, unless the client asked to wait for the changes.
    if (code !== "bad_input" || config.postgres_changes_options?.wait) throw error;
    return { bindings, subscriptions: [], changesError: message };
  }
}

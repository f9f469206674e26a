import type { Sql } from "postgres";
import type { Channel } from "./channel.ts";
import type { VerifyToken } from "./claims.ts";
import type { DatabaseBroadcasts } from "./databaseBroadcasts.ts";
import type { RealtimeLimits } from "./limits.ts";
import type { RealtimeLog } from "./log.ts";
import type { PostgresChanges } from "./postgresChanges.ts";
import type { Presence } from "./presence.ts";
import type { Rooms } from "./rooms.ts";

/** What the connections of one gateway share. */
export interface Services {
  sql: Sql;
  verify: VerifyToken;
  rooms: Rooms<Channel>;
  presence: Presence<Channel>;
  changes: PostgresChanges;
  broadcasts: DatabaseBroadcasts;
  limits: RealtimeLimits;
  log: RealtimeLog;
  /** Whether changes of the database arrive now. */
  streaming(): boolean;
}

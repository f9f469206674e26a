/** What one client may ask of the gateway; beyond it the client is refused or disconnected, never the server slowed. */
export interface RealtimeLimits {
  /** Largest frame or HTTP body that is accepted, in bytes; a larger frame closes the socket with code 1009. */
  messageBytes: number;
  /** Channels that one socket may hold at once. */
  channelsPerSocket: number;
  /** postgres_changes bindings that one channel may hold. */
  changesPerChannel: number;
  /** Bytes that may wait for a client that does not read; beyond it the socket is terminated and the client reconnects. */
  bufferedBytes: number;
  /** Frames of one socket that may wait for the database before the gateway stops reading from that socket. */
  pendingFrames: number;
  /** Milliseconds without any sign of life after which a socket is terminated. */
  idleMs: number;
  /** Row changes that may wait for their RLS check before the replication stream is paused. */
  pendingChanges: number;
}

/** The limits of a local install; message size and channels per socket are those of hosted Supabase. */
export const defaultLimits: RealtimeLimits = {
  messageBytes: 3_000_000,
  channelsPerSocket: 100,
  changesPerChannel: 100,
  bufferedBytes: 32 * 1024 * 1024,
  pendingFrames: 256,
  idleMs: 90_000,
  pendingChanges: 5_000,
};

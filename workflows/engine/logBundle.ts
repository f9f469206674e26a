import { createGzip, type Gzip } from "node:zlib";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import type { Sql } from "./database.ts";
import { listLoggedSteps, readStepLog } from "./sql/readRunLog.ts";

/** Of the text, uncompressed. */
const maxBytes = 100 * 1024 * 1024;

/**
 * The whole log of a run as gzipped text, a heading for each step; undefined when nothing was said. Only what it is
 * compressed to is in memory as a whole.
 */
export async function makeLogBundle(sql: Sql, runId: string): Promise<Uint8Array | undefined> {
  const stepIds = await listLoggedSteps(sql, runId);
  if (stepIds.length === 0) return undefined;
  const gzip = createGzip();
  const [compressed] = await Promise.all([buffer(gzip), write(gzip, sql, { runId, stepIds })]);
  return compressed;
}

async function write(
  gzip: Gzip,
  sql: Sql,
  log: { runId: string; stepIds: readonly string[] },
): Promise<void> {
  try {
    let size = 0;
    const say = async (text: string): Promise<void> => {
      if (!gzip.write(text)) await once(gzip, "drain");
    };
    for (const stepId of log.stepIds) {
      await say(`==> ${stepId}\n`);
      for await (const { chunks } of readStepLog(sql, log.runId, stepId)) {
        for (const { text } of chunks) {
          size += text.length;
          if (size <= maxBytes) await say(text);
        }
        if (size > maxBytes) break;
      }
      await say("\n");
    }
    if (size > maxBytes) await say(`==> cut: the log is longer than ${maxBytes / 1024 / 1024} MB\n`);
    gzip.end();
  } catch (error) {
    gzip.destroy(error as Error);
    throw error;
  }
}

import { pipeline } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import type { Sql } from "./database.ts";
import { listLoggedSteps, readStepLog } from "./sql/readRunLog.ts";

/** Of the text, uncompressed. */
const maxBytes = 100 * 1024 * 1024;

/** Each piece that is compressed is a job for another thread, which costs more than the compression of a line. */
const blockLength = 64 * 1024;

/**
 * The whole log of a run as gzipped text, a heading for each step; undefined when nothing was said. Only what it is
 * compressed to is in memory as a whole.
 */
export async function makeLogBundle(sql: Sql, runId: string): Promise<Uint8Array | undefined> {
  const stepIds = await listLoggedSteps(sql, runId);
  if (stepIds.length === 0) return undefined;
  const gzip = createGzip();
  const [compressed] = await Promise.all([
    buffer(gzip),
    pipeline(inBlocks(logText(sql, runId, stepIds)), gzip),
  ]);
  return compressed;
}

async function* logText(sql: Sql, runId: string, stepIds: readonly string[]): AsyncGenerator<string> {
  let size = 0;
  for (const stepId of stepIds) {
    yield `==> ${stepId}\n`;
    for await (const { chunks } of readStepLog(sql, runId, stepId)) {
      for (const { text } of chunks) {
        size += text.length;
        if (size <= maxBytes) yield text;
      }
      if (size > maxBytes) break;
    }
    yield "\n";
  }
  if (size > maxBytes) yield `==> cut: the log is longer than ${maxBytes / 1024 / 1024} MB\n`;
}

async function* inBlocks(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = "";
  for await (const text of texts) {
    held += text;
    if (held.length < blockLength) continue;
    yield held;
    held = "";
  }
  if (held !== "") yield held;
}

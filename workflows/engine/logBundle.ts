import { gzip } from "node:zlib";
import { promisify } from "node:util";
import type { Sql } from "./database.ts";
import { readRunLog } from "./sql/readRunLog.ts";

const compress = promisify(gzip);
/** Of the text, uncompressed. */
const maxBytes = 100 * 1024 * 1024;

/** The whole log of a run as gzipped text, a heading for each step; undefined when nothing was said. */
export async function makeLogBundle(sql: Sql, runId: string): Promise<Uint8Array | undefined> {
  const byStep = new Map<string, string[]>();
  let size = 0;
  for await (const { step_id: stepId, chunks } of readRunLog(sql, runId)) {
    const pieces = byStep.get(stepId) ?? [];
    byStep.set(stepId, pieces);
    for (const { text } of chunks) {
      size += text.length;
      if (size <= maxBytes) pieces.push(text);
    }
  }
  if (byStep.size === 0) return undefined;
  const parts = [...byStep].map(([stepId, pieces]) => `==> ${stepId}\n${pieces.join("")}\n`);
  if (size > maxBytes) parts.push(`==> cut: the log is longer than ${maxBytes / 1024 / 1024} MB\n`);
  return compress(parts.join(""));
}

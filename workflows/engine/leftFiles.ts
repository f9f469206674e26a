import { createHash } from "node:crypto";
import { lstat, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import { normalizePath } from "../../shared/policy/decidePath.ts";
import type { ObjectStore, RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { RunPlan } from "./planRun.ts";
import { leavesFiles, namesFiles } from "./runState.ts";
import { listLeftFiles } from "./sql/listLeftFiles.ts";
import type { StepRunRow } from "./sql/beginStep.ts";

/** A file of the checkout that an earlier step has left. */
export interface LeftFile {
  path: string;
  bytes: Uint8Array;
}

/**
 * What gives the files that ended steps have left, for a checkout that is made anew because theirs was on another machine:
 * the steps' artifacts. It answers undefined when a step did not say which files it leaves.
 */
export function leftFilesOf(
  deps: { sql: Sql; store: ObjectStore },
  of: { run: RunInfo; plan: RunPlan; finished: readonly StepRunRow[] },
): () => Promise<LeftFile[] | undefined> {
  return async () => {
    const { run, plan, finished } = of;
    const left = finished.filter((row) => leavesFiles(row) && row.status !== "skipped");
    const named = new Set(plan.steps.filter(namesFiles).map((step) => step.id));
    if (!left.every((row) => named.has(row.step_id))) return undefined;
    const artifacts = await whenConnected(() =>
      listLeftFiles(
        deps.sql,
        run.id,
        left.map((row) => row.step_id),
      ),
    );
    const files = new Map<string, LeftFile>();
    for (const { id, orgId, runId, name, sha256 } of artifacts) {
      const bytes = await deps.store.get("artifacts", `${orgId}/${runId}/${id}`);
      if (createHash("sha256").update(bytes).digest("hex") !== sha256)
        throw new CoderError(
          "internal",
          `The artifact ${name} is not what was stored; nothing can go on from it`,
        );
      files.set(name, { path: name, bytes });
    }
    return [...files.values()];
  };
}

/** Writes a file into a fresh checkout that nothing runs in yet; a link in it leads nowhere else. */
export async function putFile(root: string, file: LeftFile): Promise<void> {
  const normal = normalizePath(file.path);
  if (!normal.ok)
    throw new CoderError("internal", `The artifact ${file.path} has no place: ${normal.reason}`);
  let directory = root;
  for (const part of dirname(normal.path).split("/")) {
    directory = join(directory, part);
    const info = await lstat(directory).catch(() => undefined);
    if (info && !info.isDirectory())
      throw new CoderError("internal", `The artifact ${file.path} has no place: ${part} is no directory`);
    if (!info) await mkdir(directory);
  }
  const path = join(root, normal.path);
  await rm(path, { force: true });
  await writeFile(path, file.bytes, { flag: "wx" });
}

import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import type { Artifact, StoredRunEvent } from "../../../shared/run/events.ts";

const keptRuns = 20;

export interface RunFiles {
  directory: string;
  addEvent(event: StoredRunEvent): void;
  addArtifact(artifact: Artifact, bytes: Uint8Array): Promise<void>;
  /** Files of a deployed site, below a directory that is called like its target. */
  addSiteFile(target: string, path: string, bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/**
 * The directory that a local run leaves: its events as lines of JSON, its artifacts, and what it has deployed. By default
 * below `.coder/runs`, which ignores itself in git and keeps the last twenty.
 */
export async function openRunFiles(root: string, named: string | undefined): Promise<RunFiles> {
  const directory = named === undefined ? await newPlace(join(root, ".coder/runs")) : resolve(root, named);
  await mkdir(directory, { recursive: true });
  const events = createWriteStream(join(directory, "events.jsonl"));
  const write = async (parts: string[], bytes: Uint8Array): Promise<void> => {
    const path = resolve(directory, ...parts);
    if (!path.startsWith(directory + sep)) return;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  };
  return {
    directory,
    addEvent: (event) => void events.write(`${JSON.stringify(event)}\n`),
    addArtifact: (artifact, bytes) =>
      write([safe(artifact.stepId === null ? artifact.name : `${artifact.stepId}-${artifact.name}`)], bytes),
    addSiteFile: (target, path, bytes) => write([safe(target), path], bytes),
    close: () => new Promise((done) => events.end(() => done())),
  };
}

async function newPlace(runs: string): Promise<string> {
  await mkdir(runs, { recursive: true });
  await writeFile(join(runs, ".gitignore"), "*\n");
  const stamp = new Date().toISOString().replace(/[:.]/g, "-");
  const before = (await readdir(runs)).filter((name) => /^\d{4}-\d\d-\d\dT/.test(name)).sort();
  for (const name of before.slice(0, Math.max(before.length - keptRuns + 1, 0)))
    await rm(join(runs, name), { recursive: true, force: true });
  return join(runs, stamp);
}

/** One file's name, whatever a step has called its artifact. */
function safe(name: string): string {
  return (
    name
      .replace(/[^\w.-]+/g, "_")
      .replace(/^\.+/, "_")
      .slice(0, 120) || "artifact"
  );
}

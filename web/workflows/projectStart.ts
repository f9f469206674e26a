import { toCoderError } from "../../shared/errors.ts";
import { detectStack, tellsStack, type Stack } from "../../shared/templates/stack.ts";
import type { Api } from "../api.ts";
import type { Project } from "../project.ts";

/** What a new workflow of a project stands on. */
export interface ProjectStart {
  stack: Stack;
  /** Whether the files tell of the stack; it is npm's where they do not. */
  told: boolean;
  /** Names of the workflow files that there are. */
  taken: readonly string[];
}

const folder = ".coder/workflows/";

/** Reads it from the default branch's files. */
export async function readProjectStart(api: Api, project: Project): Promise<ProjectStart> {
  const at = { projectId: project.id, ref: project.defaultBranch };
  const paths = await pathsAt(api, at);
  const manifest = paths.includes("package.json")
    ? decode((await api.files.read.query({ ...at, path: "package.json" })).content)
    : undefined;
  return {
    stack: detectStack(paths, manifest),
    told: tellsStack(paths),
    taken: paths.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length)),
  };
}

async function pathsAt(api: Api, at: { projectId: string; ref: string }): Promise<string[]> {
  try {
    return (await api.files.tree.query(at)).entries.map(({ path }) => path);
  } catch (thrown) {
    // A repository without a commit yet has no files.
    if (toCoderError(thrown).code === "not_found") return [];
    throw thrown;
  }
}

function decode(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0) ?? 0));
}

/** `<id>.yaml`, or the first of `<id>-2.yaml` … that is no file yet. */
export function freeName(id: string, taken: readonly string[]): string {
  const stems = new Set(taken.map((name) => name.replace(/\.(?:ya?ml|json)$/, "")));
  let stem = id;
  for (let count = 2; stems.has(stem); count += 1) stem = `${id}-${count}`;
  return `${stem}.yaml`;
}

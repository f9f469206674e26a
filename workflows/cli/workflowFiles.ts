import { readdir, readFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import { nearestName } from "../../shared/workflow/nearestName.ts";

export const workflowFolder = ".coder/workflows";
const isWorkflowFile = (name: string): boolean => /\.(?:ya?ml|json)$/.test(name);

export interface WorkflowFileText {
  /** As people see it: relative to the directory where it is below it, with forward slashes. */
  path: string;
  text: Uint8Array;
}

/** Paths of the workflow files of a directory, in order of name; none where the folder is missing. */
export async function listWorkflowFiles(cwd: string): Promise<string[]> {
  const names = await readdir(join(cwd, workflowFolder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  return names
    .filter(isWorkflowFile)
    .sort()
    .map((name) => `${workflowFolder}/${name}`);
}

export async function readWorkflowFile(cwd: string, path: string): Promise<WorkflowFileText> {
  const absolute = isAbsolute(path) ? path : resolve(cwd, path);
  const text = await readFile(absolute).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new CoderError("not_found", `There is no file ${path}`);
    throw new CoderError("unavailable", `${path} cannot be read (${error.code})`, { cause: error });
  });
  const inside = relative(cwd, absolute);
  return { path: (inside.startsWith("..") ? absolute : inside).split(sep).join("/"), text };
}

/**
 * Which of the paths is meant by `ci`, `ci.yaml` or the path itself.
 * @throws CoderError `not_found` with the nearest name, or the names that there are.
 */
export function chooseWorkflow(named: string, paths: readonly string[]): string {
  const normal = named.replace(/^\.\//, "");
  const found = paths.find((path) => {
    const base = path.split("/").at(-1) ?? "";
    return path === normal || base === normal || base.replace(/\.(?:ya?ml|json)$/, "") === normal;
  });
  if (found !== undefined) return found;
  const names = paths.map((path) => (path.split("/").at(-1) ?? "").replace(/\.(?:ya?ml|json)$/, ""));
  const near = nearestName(normal.replace(/\.(?:ya?ml|json)$/, ""), names);
  const advice =
    near !== undefined
      ? `did you mean ${near}?`
      : names.length === 0
        ? `there are no files in ${workflowFolder}`
        : `there are ${names.join(", ")}`;
  throw new CoderError("not_found", `There is no workflow ${named}; ${advice}`);
}

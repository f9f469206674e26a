import { CoderError } from "../../../../shared/errors.ts";

/** Where a project lies in the runtime's file system. */
export const projectRoot = "/project";

/**
 * The path relative to the project root, normalised, "" for the root itself. Accepts absolute paths below `/project`
 * and relative ones; whatever leads outside is `bad_input`.
 */
export function relativePath(path: string): string {
  if (path.includes("\0")) throw new CoderError("bad_input", "A path cannot hold a null character.");
  const isAbsolute = path.startsWith("/");
  if (isAbsolute && path !== projectRoot && !path.startsWith(`${projectRoot}/`)) throw outside(path);
  const parts: string[] = [];
  for (const part of (isAbsolute ? path.slice(projectRoot.length) : path).split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw outside(path);
  }
  return parts.join("/");
}

function outside(path: string): CoderError {
  return new CoderError("bad_input", `"${path}" is outside of the project.`);
}

/** Whether any folder of the path has this name. */
export function hasSegment(path: string, segment: string): boolean {
  return (
    path === segment ||
    path.startsWith(`${segment}/`) ||
    path.endsWith(`/${segment}`) ||
    path.includes(`/${segment}/`)
  );
}

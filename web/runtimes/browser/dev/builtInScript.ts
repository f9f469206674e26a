import { reactRefreshId } from "../compile/reactRefresh.ts";

/** Whether a path is none of the project's files. */
export function isBuiltIn(path: string): boolean {
  return path.startsWith("/@");
}

/** A module of our own, or of Node's, which no file of the project holds; null for every other path. */
export async function builtInScript(path: string): Promise<string | null> {
  if (path === reactRefreshId) return (await import("../compile/reactRefreshRuntime.ts")).reactRefreshRuntime;
  if (path.startsWith("/@empty/")) return emptyModule(decodeURIComponent(path.slice(8, -3)));
  return null;
}

function emptyModule(name: string): string {
  return `export default new Proxy({}, { get(_, key) { throw new Error("${name}." + String(key) + " is a module of Node and does not exist in a browser."); } });`;
}

/** How a module id is compiled, decided by extension and query alone (Vite's rules, https://vite.dev/guide/features). */
type ModuleKind =
  | { kind: "script"; lang: "js" | "jsx" | "ts" | "tsx" }
  | { kind: "vue" }
  | { kind: "svelte" }
  | { kind: "style"; file: string; modules: boolean }
  | { kind: "component-style"; file: string; index: number }
  | { kind: "json" }
  | { kind: "raw" }
  | { kind: "inline" }
  | { kind: "url" }
  | { kind: "worker" }
  | { kind: "asset" };

const scripts: Record<string, "js" | "jsx" | "ts" | "tsx"> = {
  js: "js",
  mjs: "js",
  cjs: "js",
  jsx: "jsx",
  ts: "ts",
  mts: "ts",
  cts: "ts",
  tsx: "tsx",
};

const styleExtensions = /\.(css|scss|sass|less|styl|stylus|pcss|postcss)$/;

export function fileOf(id: string): string {
  const at = id.indexOf("?");
  return at === -1 ? id : id.slice(0, at);
}

/** Path relative to the project root, as the port and messages name files. */
export function pathOf(id: string): string {
  return fileOf(id).replace(/^\//, "");
}

export function moduleKind(id: string): ModuleKind {
  const file = fileOf(id);
  const query = new URLSearchParams(id.slice(file.length));
  if (query.has("raw")) return { kind: "raw" };
  if (query.has("url")) return { kind: "url" };
  if (query.has("worker") || query.has("sharedworker")) return { kind: "worker" };
  if (query.get("type") === "style")
    return { kind: "component-style", file, index: Number(query.get("index") ?? "0") };
  const extension = /\.([a-z0-9]+)$/i.exec(file)?.[1]?.toLowerCase() ?? "";
  const lang = scripts[extension];
  if (lang !== undefined) return { kind: "script", lang };
  if (extension === "vue") return { kind: "vue" };
  if (extension === "svelte") return { kind: "svelte" };
  if (styleExtensions.test(file)) {
    if (query.has("inline")) return { kind: "inline" };
    return { kind: "style", file, modules: /\.module\.\w+$/.test(file) };
  }
  if (extension === "json") return { kind: "json" };
  return query.has("inline") ? { kind: "inline" } : { kind: "asset" };
}

/** Whether a browser that imports this id must be told that it wants a script: the file itself is not one. */
export function needsImportMark(id: string): boolean {
  const { kind } = moduleKind(id);
  return kind !== "script" && kind !== "vue" && kind !== "svelte";
}

import type { CompiledStyle } from "../compile/compileStyle.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { clientName } from "../preview/previewProtocol.ts";
import type { Project } from "./project.ts";

/** A sheet as a module of the dev server: puts itself on the page and takes its own updates. */
export function styleClassesModule(id: string, style: CompiledStyle): string {
  const names = Object.keys(style.classes);
  const named = names.filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== "default");
  const exported = named
    .map((name) => `const $${name} = classes[${JSON.stringify(name)}];export { $${name} as ${name} };`)
    .join("");
  const key = JSON.stringify(id);
  const client = `globalThis.${clientName}`;
  // A CSS module hands its names to its importers: they take the update when the names change.
  const accept = names.length === 0 ? "import.meta.hot?.accept();" : "";
  return (
    `${client}?.updateStyle(${key}, ${JSON.stringify(style.css)});` +
    `${accept}import.meta.hot?.prune(() => ${client}.removeStyle(${key}));` +
    `const classes = ${JSON.stringify(style.classes)};${exported}export default classes;`
  );
}

/** The Tailwind compiler for a project that has Tailwind 4 among its packages, else null. */
export function tailwindFor(
  fs: ProjectFs,
  project: Project,
): ((css: string, id: string) => Promise<string>) | null {
  if (!("tailwindcss" in project.dependencies)) return null;
  return async (css, id) => {
    const { compileTailwind } = await import("../compile/compileTailwind.ts");
    return compileTailwind(fs, css, id);
  };
}

/** Whether a file may hold class names. */
export function isScanned(path: string): boolean {
  return /\.(html|[cm]?[jt]sx?|vue|svelte|mdx?|astro)$/.test(path);
}

import type { ClassOptions, JsxOptions } from "../engine/engine.ts";
import type { ProjectFs } from "../kernelParts.ts";

type Framework = "react" | "preact" | "solid" | "vue" | "svelte" | "none";

/** What the project's own manifests say about how to compile it. `vite.config` is user code and never executed. */
export interface Project {
  dependencies: Record<string, string>;
  framework: Framework;
  jsx: { kind: "solid" } | { kind: "oxc"; options: Omit<JsxOptions, "development" | "refresh"> };
  /** Decorators and class fields as `compilerOptions` set them. */
  classes: ClassOptions;
  /** From `compilerOptions.paths`: prefix of a specifier to root-absolute prefix of an id. */
  aliases: { prefix: string; target: string; exact: boolean }[];
  /** What `import.meta.env` shows besides MODE, DEV, PROD, SSR and BASE_URL: variables with a `VITE_` prefix. */
  env: Record<string, string>;
}

interface PackageJson {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

interface TsConfig {
  compilerOptions?: {
    baseUrl?: string;
    paths?: Record<string, string[]>;
    jsx?: string;
    jsxImportSource?: string;
    experimentalDecorators?: boolean;
    emitDecoratorMetadata?: boolean;
    useDefineForClassFields?: boolean;
  };
}

/** Files whose change alters what `readProject` returns. */
export function isProjectManifest(path: string): boolean {
  return /^(package\.json|tsconfig(\.\w+)?\.json|jsconfig\.json|vite\.config\.\w+|\.env(\.\w+)*)$/.test(path);
}

export function readProject(fs: ProjectFs, mode: "development" | "production"): Project {
  const manifest = (readJson(fs, "package.json") ?? {}) as PackageJson;
  const dependencies = { ...manifest.devDependencies, ...manifest.dependencies };
  const framework = frameworkOf(dependencies);
  const configs = ["tsconfig.app.json", "tsconfig.json", "jsconfig.json"].flatMap(
    (file) => (readJson(fs, file) as TsConfig | null)?.compilerOptions ?? [],
  );
  return {
    dependencies,
    framework,
    jsx: jsxOf(framework, configs),
    classes: {
      legacyDecorators: configs.some((config) => config.experimentalDecorators),
      decoratorMetadata: configs.some((config) => config.emitDecoratorMetadata),
      assignFields: configs.some((config) => config.useDefineForClassFields === false),
    },
    aliases: [...configs.flatMap(aliasesOf), ...viteAliases(fs)],
    env: readEnv(fs, mode),
  };
}

function frameworkOf(dependencies: Record<string, string>): Framework {
  if ("solid-js" in dependencies) return "solid";
  if ("vue" in dependencies) return "vue";
  if ("svelte" in dependencies) return "svelte";
  if ("react" in dependencies) return "react";
  if ("preact" in dependencies) return "preact";
  return "none";
}

function jsxOf(framework: Framework, configs: NonNullable<TsConfig["compilerOptions"]>[]): Project["jsx"] {
  if (framework === "solid") return { kind: "solid" };
  const declared = configs.find((config) => config.jsxImportSource)?.jsxImportSource;
  const classic = configs.some((config) => config.jsx === "react");
  const importSource = declared ?? (framework === "preact" || framework === "vue" ? framework : "react");
  return { kind: "oxc", options: { runtime: classic ? "classic" : "automatic", importSource } };
}

function aliasesOf(config: NonNullable<TsConfig["compilerOptions"]>): Project["aliases"] {
  const base = (config.baseUrl ?? ".").replace(/^\.\/?/, "").replace(/\/$/, "");
  return Object.entries(config.paths ?? {}).flatMap(([pattern, [target]]) => {
    if (target === undefined) return [];
    const path = `/${[base, target.replace(/^\.\//, "")].filter(Boolean).join("/")}`;
    return [
      { prefix: pattern.replace(/\*$/, ""), target: path.replace(/\*$/, ""), exact: !pattern.endsWith("*") },
    ];
  });
}

/**
 * The usual `"@": path.resolve(__dirname, "./src")` or `fileURLToPath(new URL("./src", import.meta.url))` of a
 * Vite configuration, read as text: evaluating the file would run user code in the kernel.
 */
function viteAliases(fs: ProjectFs): Project["aliases"] {
  const file = ["vite.config.ts", "vite.config.js", "vite.config.mjs", "vite.config.mts"].find((path) =>
    fs.exists(path),
  );
  if (file === undefined) return [];
  const block = /alias\s*:\s*\{([\s\S]*?)\n?\s*\}/.exec(fs.readText(file))?.[1] ?? "";
  const entries = block.matchAll(/["']?([@~#$\w/-]+)["']?\s*:\s*[^\n]*?["'](\.{0,2}\/[^"']*)["']/g);
  return [...entries].flatMap(([, name, path]) => {
    if (name === undefined || path === undefined) return [];
    const target = `/${path.replace(/^\.{0,2}\/+/, "").replace(/\/$/, "")}`;
    return [
      { prefix: `${name}/`, target: `${target}/`, exact: false },
      { prefix: name, target, exact: true },
    ];
  });
}

function readEnv(fs: ProjectFs, mode: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const file of [".env", ".env.local", `.env.${mode}`, `.env.${mode}.local`]) {
    if (!fs.exists(file)) continue;
    for (const line of fs.readText(file).split("\n")) {
      const match = /^\s*(?:export\s+)?(VITE_\w+)\s*=\s*(.*?)\s*$/.exec(line);
      if (match?.[1] !== undefined) env[match[1]] = (match[2] ?? "").replace(/^(["'`])(.*)\1$/, "$2");
    }
  }
  return env;
}

/** A JSON file that may have comments and trailing commas (tsconfig), or null where there is none or it is broken. */
function readJson(fs: ProjectFs, path: string): unknown {
  if (!fs.exists(path)) return null;
  const text = fs.readText(path);
  const plain = text
    .replace(
      /("(?:[^"\\]|\\.)*")|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
      (_all, string: string | undefined) => string ?? "",
    )
    .replace(/,(\s*[}\]])/g, "$1");
  try {
    return JSON.parse(plain) as unknown;
  } catch {
    // A half-typed manifest while someone edits it: the preview goes on with defaults, the editor shows the error.
    return null;
  }
}

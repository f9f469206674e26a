import { z } from "zod";

/** What a project is made of, as far as its workflows depend on it. Read from its files alone, without running anything. */
export interface ProjectFacts {
  defaultBranch: string;
  packageManager: "npm" | "pnpm" | "yarn" | "bun" | null;
  /** The lock file, if there is one. */
  lockFile: string | null;
  /** "Vite", "React" …, for people. */
  stack: string[];
  /** Package scripts that a workflow runs, by what they are for. Absent ones are null. */
  scripts: { lint: string | null; types: string | null; test: string | null; build: string | null };
  /** Where the build leaves a static site; null when nothing static is known to come out. */
  siteDirectory: string | null;
  hasDependencies: boolean;
  testFiles: number;
  existingCi: string[];
  /** Paths of workflows the project has already. */
  existingWorkflows: string[];
}

/** The project's files at a commit. */
export interface ProjectFiles {
  paths: readonly string[];
  /** Null when there is no such file. */
  read(path: string): Promise<string | null>;
  /** Default: main. */
  defaultBranch?: string | undefined;
}

const manifestSchema = z.object({
  scripts: z.record(z.string(), z.string()).catch({}),
  dependencies: z.record(z.string(), z.string()).catch({}),
  devDependencies: z.record(z.string(), z.string()).catch({}),
  packageManager: z.string().optional().catch(undefined),
});
type Manifest = z.infer<typeof manifestSchema>;

const lockFiles = {
  "package-lock.json": "npm",
  "npm-shrinkwrap.json": "npm",
  "pnpm-lock.yaml": "pnpm",
  "yarn.lock": "yarn",
  "bun.lock": "bun",
  "bun.lockb": "bun",
} as const;

const stackNames: Record<string, string> = {
  vite: "Vite",
  next: "Next.js",
  astro: "Astro",
  "@sveltejs/kit": "SvelteKit",
  "@angular/core": "Angular",
  react: "React",
  "solid-js": "Solid",
  vue: "Vue",
  svelte: "Svelte",
  preact: "Preact",
  lit: "Lit",
  hono: "Hono",
  express: "Express",
  typescript: "TypeScript",
  vitest: "Vitest",
  jest: "Jest",
  mocha: "Mocha",
  "@playwright/test": "Playwright",
  eslint: "ESLint",
  oxlint: "Oxlint",
  "@biomejs/biome": "Biome",
};

/** Reads manifest, scripts, lock file, frameworks and existing CI. A manifest that is not JSON counts as none, and the findings say so. */
export async function readProjectFacts(
  files: ProjectFiles,
): Promise<ProjectFacts & { brokenManifest: boolean }> {
  const text = await files.read("package.json");
  const { manifest, broken } = text === null ? { manifest: null, broken: false } : parseManifest(text);
  const present = new Set(files.paths);
  const [lockFile = null] = Object.keys(lockFiles).filter((name) => present.has(name));
  const dependencies = { ...manifest?.dependencies, ...manifest?.devDependencies };
  return {
    defaultBranch: files.defaultBranch ?? "main",
    packageManager: manifest === null ? null : packageManagerOf(manifest, lockFile),
    lockFile,
    stack: Object.keys(stackNames).flatMap((name) =>
      name in dependencies ? [stackNames[name] ?? name] : [],
    ),
    scripts: scriptsOf(manifest),
    siteDirectory: await siteDirectoryOf(files, { manifest, dependencies, present }),
    hasDependencies: Object.keys(dependencies).length > 0,
    testFiles: files.paths.filter((path) =>
      /(?:\.|\/|^)(?:test|spec)\.[cm]?[jt]sx?$|(?:^|\/)__tests__\//.test(path),
    ).length,
    existingCi: files.paths.filter((path) =>
      /^\.github\/workflows\/[^/]+\.ya?ml$|^\.gitlab-ci\.yml$|^\.circleci\/|^azure-pipelines\.yml$|^Jenkinsfile$/.test(
        path,
      ),
    ),
    existingWorkflows: files.paths.filter((path) => /^\.coder\/workflows\/[^/]+\.ya?ml$/.test(path)),
    brokenManifest: broken,
  };
}

function parseManifest(text: string): { manifest: Manifest | null; broken: boolean } {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(text));
    return parsed.success ? { manifest: parsed.data, broken: false } : { manifest: null, broken: true };
  } catch (error) {
    if (error instanceof SyntaxError) return { manifest: null, broken: true };
    throw error;
  }
}

function packageManagerOf(
  manifest: Manifest,
  lockFile: string | null,
): NonNullable<ProjectFacts["packageManager"]> {
  const named = manifest.packageManager?.split("@")[0];
  if (named === "npm" || named === "pnpm" || named === "yarn" || named === "bun") return named;
  return (
    (lockFile !== null && lockFile in lockFiles
      ? lockFiles[lockFile as keyof typeof lockFiles]
      : undefined) ?? "npm"
  );
}

function scriptsOf(manifest: Manifest | null): ProjectFacts["scripts"] {
  const scripts = manifest?.scripts ?? {};
  const first = (...names: string[]): string | null =>
    names.find((name) => scripts[name] !== undefined) ?? null;
  // npm init's placeholder is not a test.
  const test = first("test", "test:unit", "tests");
  const realTest = test !== null && !/no test specified/.test(scripts[test] ?? "") ? test : null;
  const build = first("build");
  const buildChecksTypes = build !== null && /\b(?:vue-)?tsc\b/.test(scripts[build] ?? "");
  // A build that starts with the compiler checks the types already; a second step would only take time.
  const types = buildChecksTypes
    ? null
    : first(
        "typecheck",
        "type-check",
        "types",
        "check-types",
        "tsc",
        ...(/check|tsc/.test(scripts["check"] ?? "") ? ["check"] : []),
      );
  return { lint: first("lint", "lint:check"), types, test: realTest, build };
}

/** Known from the tool that builds, or from a configured directory; never guessed from a folder that happens to be there. */
async function siteDirectoryOf(
  files: ProjectFiles,
  project: { manifest: Manifest | null; dependencies: Record<string, string>; present: ReadonlySet<string> },
): Promise<string | null> {
  const { manifest, dependencies, present } = project;
  if (manifest?.scripts["build"] === undefined)
    return present.has("index.html") && manifest === null ? "." : null;
  if ("next" in dependencies || "@sveltejs/kit" in dependencies || "nuxt" in dependencies) return null;
  if ("astro" in dependencies) return "dist";
  if ("react-scripts" in dependencies) return "build";
  if (!("vite" in dependencies) || !present.has("index.html")) return null;
  const config = files.paths.find((path) => /^vite\.config\.[cm]?[jt]s$/.test(path));
  const source = config === undefined ? null : await files.read(config);
  return /outDir\s*:\s*["'`]([\w./-]+)["'`]/.exec(source ?? "")?.[1] ?? "dist";
}

/** The facts in words, for the sheet: "Vite + Solid", "14 test files", "no CI". */
export function describeFacts(facts: ProjectFacts & { brokenManifest: boolean }): string[] {
  const stack = facts.stack.slice(0, 4).join(" + ");
  return [
    ...(facts.brokenManifest ? ["package.json is not valid JSON"] : []),
    stack === "" ? (facts.siteDirectory === "." ? "A static page" : "No known framework") : stack,
    ...(facts.packageManager === null
      ? []
      : [
          facts.lockFile === null
            ? `${facts.packageManager}, no lock file`
            : `${facts.packageManager} with ${facts.lockFile}`,
        ]),
    facts.testFiles === 0
      ? "no test files"
      : `${facts.testFiles} test ${facts.testFiles === 1 ? "file" : "files"}`,
    facts.existingCi.length === 0 ? "no CI" : `CI in ${facts.existingCi.join(", ")}`,
    ...(facts.existingWorkflows.length === 0 ? [] : [`workflows: ${facts.existingWorkflows.join(", ")}`]),
  ];
}

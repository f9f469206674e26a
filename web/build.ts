import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Builds the Studio into `web/dist`. Run as `node web/build.ts`, or call `buildWeb()`. */

const web = fileURLToPath(new URL(".", import.meta.url));
const root = join(web, "..");
const dist = join(web, "dist");
const stampFile = join(dist, "build-stamp.txt");

/** Everything the build reads. The lock file stands for all packages. */
const sources = ["web", "shared", "package-lock.json"];

async function* filesUnder(path: string): AsyncGenerator<string> {
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) {
      if (child === dist || entry.name === "node_modules" || entry.name.startsWith(".")) continue;
      yield* filesUnder(child);
    } else if (!/\.(test|contract)\.tsx?$/.test(entry.name)) {
      yield child;
    }
  }
}

/** A sha-256 over paths and contents of all sources of the build, hex. Equal stamps mean an equal build. */
export async function webBuildStamp(): Promise<string> {
  const hash = createHash("sha256");
  const add = async (file: string) => {
    hash.update(relative(root, file).split(sep).join("/")).update("\0");
    hash.update(await readFile(file)).update("\0");
  };
  for (const source of sources) {
    const path = join(root, source);
    if (!existsSync(path)) continue;
    if (source.endsWith(".json")) await add(path);
    else for await (const file of filesUnder(path)) await add(file);
  }
  return hash.digest("hex");
}

/** The stamp that `web/dist` was built from, or null when there is no finished build. */
export async function builtWebStamp(): Promise<string | null> {
  if (!existsSync(stampFile) || !existsSync(join(dist, "index.html"))) return null;
  return (await readFile(stampFile, "utf8")).trim();
}

/** Whether `web/dist` is what a build of the present sources would give. */
export async function webBuildIsFresh(): Promise<boolean> {
  const built = await builtWebStamp();
  return built !== null && built === (await webBuildStamp());
}

/** The relay and service-worker documents of the browser runtime, which are served on preview origins only. */
async function buildPreviewOrigin(): Promise<void> {
  const builder = join(web, "runtimes/browser/previewOrigin.build.ts");
  if (!existsSync(builder)) return;
  const module = (await import(pathToFileURL(builder).href)) as {
    buildPreviewOrigin: (outDir: string) => Promise<void>;
  };
  await module.buildPreviewOrigin(join(dist, "preview-origin"));
}

/** Builds `web/dist`. The stamp is written last: an interrupted build is never taken for a finished one. */
export async function buildWeb(options: { quiet?: boolean } = {}): Promise<void> {
  // Taken before the build: a file saved while it runs makes the result stale, not fresh.
  const stamp = await webBuildStamp();
  const { build } = await import("vite");
  await build({ configFile: join(web, "vite.config.ts"), logLevel: options.quiet ? "error" : "warn" });
  await buildPreviewOrigin();
  await mkdir(dist, { recursive: true });
  await writeFile(stampFile, `${stamp}\n`);
}

if (import.meta.main) {
  const started = performance.now();
  const fresh = !process.argv.includes("--force") && (await webBuildIsFresh());
  if (fresh) console.log("web/dist is up to date");
  else {
    await buildWeb();
    console.log(`Built web/dist in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

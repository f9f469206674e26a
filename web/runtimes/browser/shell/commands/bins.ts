import { z } from "zod";
import { packageLayerOf } from "../../fs/packagedFs.ts";
import type { ProjectFs } from "../../kernelParts.ts";

const manifestSchema = z.object({
  name: z.string(),
  bin: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
});

const known = new WeakMap<ProjectFs, { key: string; bins: Map<string, string> }>();

function topLevelPackages(fs: ProjectFs): string[] {
  if (!fs.exists("node_modules")) return [];
  return fs.readdir("node_modules").flatMap(({ name }) => {
    if (name.startsWith(".")) return [];
    return name.startsWith("@")
      ? fs.readdir(`node_modules/${name}`).map((entry) => `${name}/${entry.name}`)
      : [name];
  });
}

/** Commands of the installed packages by name, with the file that each one runs. */
export function findBins(fs: ProjectFs): Map<string, string> {
  const key = JSON.stringify([...(packageLayerOf(fs)?.mounted() ?? [])]);
  const last = known.get(fs);
  if (last?.key === key && key !== "[]") return last.bins;
  const bins = new Map<string, string>();
  for (const folder of topLevelPackages(fs)) {
    const path = `node_modules/${folder}/package.json`;
    const manifest = fs.exists(path) ? manifestSchema.safeParse(parse(fs.readText(path))).data : undefined;
    if (manifest?.bin === undefined) continue;
    const entries =
      typeof manifest.bin === "string"
        ? { [manifest.name.replace(/^@[^/]*\//, "")]: manifest.bin }
        : manifest.bin;
    for (const [name, file] of Object.entries(entries)) {
      if (!name.includes("/")) bins.set(name, `node_modules/${folder}/${file.replace(/^\.\//, "")}`);
    }
  }
  known.set(fs, { key, bins });
  return bins;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A package with a broken manifest offers no commands; using it fails where it is used.
    return undefined;
  }
}

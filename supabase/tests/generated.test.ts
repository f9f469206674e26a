import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { generateTypes } from "../generateTypes.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

test("database.gen.ts is what the migrations say: run node supabase/generateTypes.ts", async () => {
  expect(await read("../database.gen.ts")).toBe(await generateTypes());
});

test("the Edge Function names the versions that package.json pins", async () => {
  const { imports } = JSON.parse(await read("../functions/api/deno.json")) as {
    imports: Record<string, string>;
  };
  const { dependencies } = JSON.parse(await read("../../package.json")) as {
    dependencies: Record<string, string>;
  };
  for (const [name, target] of Object.entries(imports)) {
    const found = /^npm:((?:@[^/@]+\/)?[^/@]+)@([^/]+)(\/.*)?$/.exec(target);
    const [, packageName = "", version, subpath = ""] = found ?? [];
    expect([name, version]).toEqual([packageName + subpath, dependencies[packageName]]);
  }
});

test("the Edge Function's import map has every package that its code imports, and no other", async () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const walk = async (file: URL): Promise<void> => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    const source = await readFile(file, "utf8");
    for (const [, isType, specifier = ""] of source.matchAll(
      /^(?:import|export) (type )?(?:[^;"]*? from )?"([^"]+)";/gm,
    )) {
      if (isType !== undefined) continue;
      if (specifier.startsWith(".")) await walk(new URL(specifier, file));
      else if (!specifier.startsWith("node:")) packages.add(specifier);
    }
  };
  await walk(new URL("../functions/api/index.ts", import.meta.url));
  const { imports } = JSON.parse(await read("../functions/api/deno.json")) as {
    imports: Record<string, string>;
  };
  expect(Object.keys(imports).sort()).toEqual([...packages].sort());
});

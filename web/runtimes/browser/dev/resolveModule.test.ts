import { beforeEach, describe, expect, test } from "vitest";
import { createProjectFs } from "../fs/projectFs.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { readProject } from "./project.ts";
import { emptyModuleId, isBare, joinId, resolveModule, splitBare } from "./resolveModule.ts";

let fs: ProjectFs;

function resolve(specifier: string, importer = "/src/main.ts", require = false): string | null {
  const project = readProject(fs, "development");
  const conditions = ["module", "browser", "development"];
  return resolveModule({ fs, project, conditions, browser: true, require }, specifier, importer)?.id ?? null;
}

function install(name: string, manifest: object, files: Record<string, string> = {}): void {
  fs.writeFile(`node_modules/${name}/package.json`, JSON.stringify({ name, ...manifest }));
  for (const [path, text] of Object.entries(files)) fs.writeFile(`node_modules/${name}/${path}`, text);
}

beforeEach(async () => {
  fs = await createProjectFs({ projectId: "resolve", persist: false });
  fs.writeFile("src/main.ts", "");
});

describe("files of the project", () => {
  test("extensions, index files, TypeScript behind .js, queries and root-absolute paths", () => {
    fs.writeFile("src/a.tsx", "");
    fs.writeFile("src/dir/index.ts", "");
    fs.writeFile("src/logo.svg", "");
    expect(resolve("./a")).toBe("/src/a.tsx");
    expect(resolve("./a.jsx")).toBe("/src/a.tsx");
    expect(resolve("./main.js", "/src/a.tsx")).toBe("/src/main.ts");
    expect(resolve("./dir")).toBe("/src/dir/index.ts");
    expect(resolve("./logo.svg?raw")).toBe("/src/logo.svg?raw");
    expect(resolve("/src/a.tsx", "/index.html")).toBe("/src/a.tsx");
    expect(resolve("./none")).toBeNull();
    expect(resolve("../../../../etc/passwd")).toBeNull();
  });

  test("aliases of tsconfig with comments, and those that a Vite configuration spells out", () => {
    fs.writeFile("src/ui/x.ts", "");
    fs.writeFile("tsconfig.json", '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] }, /* c */ } }');
    fs.writeFile(
      "vite.config.ts",
      'export default { resolve: { alias: { "~ui": path.resolve(__dirname, "./src/ui"), } } }',
    );
    expect(resolve("@/ui/x")).toBe("/src/ui/x.ts");
    expect(resolve("~ui/x")).toBe("/src/ui/x.ts");
  });
});

describe("packages", () => {
  test("exports with conditions: development, browser, require; a subpath that is not exported is not there", () => {
    install(
      "p",
      {
        exports: {
          ".": { development: "./dev.js", default: "./prod.js" },
          "./both": { require: "./both.cjs", import: "./both.mjs" },
          "./*.css": "./styles/*.css",
        },
      },
      { "dev.js": "", "prod.js": "", "both.cjs": "", "both.mjs": "", "styles/a.css": "", "hidden.js": "" },
    );
    expect(resolve("p")).toBe("/node_modules/p/dev.js");
    expect(resolve("p/both")).toBe("/node_modules/p/both.mjs");
    expect(resolve("p/both", "/src/main.ts", true)).toBe("/node_modules/p/both.cjs");
    expect(resolve("p/a.css")).toBe("/node_modules/p/styles/a.css");
    expect(resolve("p/hidden.js")).toBeNull();
  });

  test("module before main, the browser field for files and for packages", () => {
    install(
      "old",
      { main: "main.js", module: "esm.js", browser: { "./node.js": "./web.js", fs: false } },
      { "main.js": "", "esm.js": "", "node.js": "", "web.js": "" },
    );
    expect(resolve("old")).toBe("/node_modules/old/esm.js");
    expect(resolve("./node.js", "/node_modules/old/esm.js")).toBe("/node_modules/old/web.js");
    expect(resolve("fs", "/node_modules/old/esm.js")).toBe(emptyModuleId);
  });

  test("the nearest node_modules wins, and imports of a package's own", () => {
    install("dep", { main: "index.js" }, { "index.js": "" });
    install("host", { main: "index.js", imports: { "#own": "./own.js" } }, { "index.js": "", "own.js": "" });
    install("host/node_modules/dep", { main: "index.js" }, { "index.js": "" });
    expect(resolve("dep")).toBe("/node_modules/dep/index.js");
    expect(resolve("dep", "/node_modules/host/index.js")).toBe(
      "/node_modules/host/node_modules/dep/index.js",
    );
    expect(resolve("#own", "/node_modules/host/index.js")).toBe("/node_modules/host/own.js");
  });
});

test("bare specifiers are told from paths and URLs, and split at the package's name", () => {
  expect(["react", "@a/b/c", "lodash/fp"].every(isBare)).toBe(true);
  expect(["./a", "../a", "/a", "https://x/y.js", "data:text/javascript,1", "#a", "."].some(isBare)).toBe(
    false,
  );
  expect(splitBare("@a/b/c/d")).toEqual({ name: "@a/b", subpath: "./c/d" });
  expect(splitBare("react")).toEqual({ name: "react", subpath: "." });
  expect(joinId("/a/b", "../../../c")).toBe("/c");
});

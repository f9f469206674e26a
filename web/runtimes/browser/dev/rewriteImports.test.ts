import { expect, test } from "vitest";
import { replaceSpecifiers, scanModule } from "./rewriteImports.ts";

test("imports are found with the names they take", () => {
  const { imports } = scanModule(
    'import a, { b as c, d } from "x";\nimport * as e from "y";\nexport { f } from "z";\nexport * from "w";\nimport "side";\nimport("lazy");\nimport(variable);',
    "/a.js",
  );
  expect(imports.map(({ specifier, names, dynamic }) => [specifier, names.toSorted(), dynamic])).toEqual([
    ["x", ["b", "d", "default"], false],
    ["y", ["*"], false],
    ["z", ["f"], false],
    ["w", ["*"], false],
    ["side", [], false],
    ["lazy", ["*"], true],
  ]);
});

test("specifiers are replaced in place, also in dynamic imports, and texts that look like imports are not", () => {
  const code = 'import a from "x";\nconst text = `import b from "x"`;\nconst c = () => import("x");';
  const { imports } = scanModule(code, "/a.js");
  expect(replaceSpecifiers(code, imports, () => "/new")).toBe(
    'import a from "/new";\nconst text = `import b from "x"`;\nconst c = () => import("/new");',
  );
  expect(replaceSpecifiers(code, imports, () => null)).toBe(code);
});

test.each([
  ['import("./a.ts");', false],
  ["import(import.meta.url);", false],
  ["import(name);", true],
  ["import(`./${name}.ts`);", true],
  ["fetch(import.meta.url);", false],
  ['import.meta.resolve("./a.ts");', true],
])("whether %s resolves something when it runs: %s", (code, resolves) => {
  expect(scanModule(code, "/a.js").resolvesItself).toBe(resolves);
});

test.each([
  ["import.meta.hot?.accept();", false],
  ["if (import.meta.hot) import.meta.env.DEV;", false],
  ["log(import.meta.env);", false],
  ["log(import . meta . url);", true],
  ["const { url } = import.meta;", true],
  ["import.meta.hotter;", true],
  ['"import.meta.url";', false],
])("whether %s needs its URL: %s", (code, uses) => {
  expect(scanModule(code, "/a.js").usesUrl).toBe(uses);
});

test.each([
  ["import.meta.hot.accept();", "self"],
  ["if (import.meta.hot) import.meta.hot.accept((next) => next);", "self"],
  ['import.meta.hot.accept("./a.ts", () => {});', ["./a.ts"]],
  ['import.meta.hot?.accept(["./a.ts", "./b.ts"], () => {});', ["./a.ts", "./b.ts"]],
  ["import.meta.hot.dispose(() => {});", []],
])("what %s accepts", (code, accepts) => {
  expect(scanModule(code, "/a.js").accepts).toEqual(accepts);
});

test("what is not JavaScript is a build failure with its place", () => {
  expect(() => scanModule('const a = 1;\nimport { from "x";', "/src/a.js")).toThrow(
    expect.objectContaining({
      code: "bad_input",
      details: expect.objectContaining({ type: "build", file: "src/a.js" }),
    }),
  );
});

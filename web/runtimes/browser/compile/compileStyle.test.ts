import { beforeEach, expect, test } from "vitest";
import { createProjectFs } from "../fs/projectFs.ts";
import type { ProjectFs } from "../kernelParts.ts";
import { joinId, dirname } from "../dev/resolveModule.ts";
import { compileStyle, hoistImports, type StyleContext } from "./compileStyle.ts";

let fs: ProjectFs;
let context: StyleContext;

beforeEach(async () => {
  fs = await createProjectFs({ projectId: "styles", persist: false });
  context = {
    fs,
    resolve: (specifier, importer) => {
      const id = specifier.startsWith(".")
        ? joinId(dirname(importer), specifier)
        : `/node_modules/${specifier}`;
      return fs.exists(id.slice(1)) ? id : null;
    },
    assetUrl: (id) => `/hashed${id}`,
    tailwind: null,
  };
});

test("imports are inlined once, with their conditions, and URLs are those of the file that has them", async () => {
  fs.writeFile(
    "src/a.css",
    '@import "./deep/b.css" layer(base) screen;\n@import url(./deep/b.css);\n@import "pkg/x.css";\n.a {}',
  );
  fs.writeFile("src/deep/b.css", ".b { background: url('../img.png?v=1#x') }");
  fs.writeFile("src/img.png", "x");
  fs.writeFile("node_modules/pkg/x.css", ".x {}");
  const { css, files } = await compileStyle(context, "/src/a.css");
  expect(css).toContain(
    '@layer base {\n@media screen {\n.b { background: url("/hashed/src/img.png?v=1#x") }',
  );
  expect(css.match(/\.b /g)).toHaveLength(1);
  expect(css).toContain(".x {}");
  expect(files).toEqual(["/src/a.css", "/src/deep/b.css", "/node_modules/pkg/x.css"]);
});

test("what is not of the project stays: other origins, data, fragments, comments", async () => {
  const font = '@import url("https://fonts.example/css2?family=A:wght@400;700&display=swap");';
  fs.writeFile("src/b.css", ".b {}");
  fs.writeFile(
    "src/a.css",
    `/* @import "./none.css"; */\n@import "./b.css";\n${font}\n.a { background: url(data:image/png;base64,AA==); mask: url(#m); }`,
  );
  const { css } = await compileStyle(context, "/src/a.css");
  expect(css).toContain("url(data:image/png;base64,AA==)");
  expect(css).toContain("url(#m)");
  expect(css.indexOf(font)).toBe(0);
});

test("a missing import is a failure with its place", async () => {
  fs.writeFile("src/a.css", '.a {}\n\n@import "./none.css";');
  await expect(compileStyle(context, "/src/a.css")).rejects.toMatchObject({
    code: "bad_input",
    details: { type: "build", file: "src/a.css", line: 3 },
  });
});

test.each(["scss", "sass", "less", "styl"])("a sheet in %s is refused by name", async (extension) => {
  fs.writeFile(`src/a.${extension}`, "x");
  await expect(compileStyle(context, `/src/a.${extension}`)).rejects.toMatchObject({
    details: { type: "build", file: `src/a.${extension}` },
  });
});

test("classes of a module are its own: nesting, keyframes, :global and composes", async () => {
  fs.writeFile(
    "src/a.module.css",
    ".box { color: red; &:hover .inner { top: 1.5px } }\n.big { composes: box other; background: url(a.b.png) }\n:global(.plain) .box {}\n@media (width > 1.5px) { .late {} }\n@keyframes spin { from { opacity: .5 } }",
  );
  const { css, classes } = await compileStyle(context, "/src/a.module.css", { modules: true });
  expect(Object.keys(classes).sort()).toEqual(["big", "box", "inner", "late"]);
  expect(classes["big"]).toBe(`${/_big_\w+/.exec(css)?.[0]} ${classes["box"]} other`);
  expect(css).toContain(".plain .");
  expect(css).toContain("1.5px");
  expect(css).not.toMatch(/composes|\.box|\.late/);
  expect(css).toContain("opacity: .5");
});

test("imports of other origins come before everything when sheets are joined", () => {
  expect(hoistImports('.a {}\n@import "https://x.example/y.css";\n.b {}')).toBe(
    '@import "https://x.example/y.css";\n.a {}\n\n.b {}',
  );
});

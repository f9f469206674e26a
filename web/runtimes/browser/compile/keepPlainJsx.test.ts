import { transformSync } from "@babel/core";
import solidRefresh from "solid-refresh/babel";
import { expect, test } from "vitest";
import { keepPlainJsx } from "./keepPlainJsx.ts";

/** The pieces that `solid-refresh` makes of a component's JSX: the tag at the root of each, outermost first. */
function piecesOf(jsx: string): string[] {
  const source = `import { Counter } from "./Counter";
export default function App() {
  return ${jsx};
}`;
  const result = transformSync(source, {
    babelrc: false,
    configFile: false,
    filename: "/src/App.tsx",
    parserOpts: { plugins: ["jsx"] },
    plugins: [keepPlainJsx, [solidRefresh, { bundler: "vite" }]],
  });
  return [...(result?.code ?? "").matchAll(/_\$\$component\(_REGISTRY, "App_\w*", [^<]*<([\w.-]*)/g)].map(
    ([, tag]) => tag ?? "",
  );
}

test("elements without anything to lose stay in one piece", () => {
  expect(piecesOf(`<main><h1 class="a">Title</h1><p>Some <b>text</b>{/* note */}{"!"}</p></main>`)).toEqual([
    "main",
  ]);
});

test("attributes with values and listeners do not cut a piece", () => {
  expect(piecesOf(`<main class={name()}><p onClick={() => go()}>text</p><img src={logo} /></main>`)).toEqual([
    "main",
  ]);
});

test.each([
  ["a component", `<Counter />`],
  ["an inserted value", `<p>{children()}</p>`],
  ["an input", `<input />`],
  ["a reference", `<p ref={node}>text</p>`],
  ["a directive", `<p use:chart={data()}>text</p>`],
  ["a spread", `<p {...props}>text</p>`],
  ["a custom element", `<my-map />`],
  ["an element as an attribute", `<p title={<b>text</b>}>text</p>`],
])("%s keeps its state when its neighbour is edited: the neighbour is a piece of its own", (_, held) => {
  const pieces = piecesOf(`<main><section>${held}</section><h1>Title <b>bold</b></h1></main>`);
  expect(pieces).toContain("main");
  expect(pieces).toContain("section");
  expect(pieces).toContain("h1");
  // What is below the title has nothing to lose.
  expect(pieces.filter((tag) => tag === "b")).toHaveLength(held.includes("<b>") ? 1 : 0);
});

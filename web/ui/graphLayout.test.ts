import { describe, expect, test } from "vitest";
import { layoutGraph, neighbourOf, type GraphShape } from "./graphLayout.ts";

const right: GraphShape = { direction: "right", nodeWidth: 100, nodeHeight: 40 };
const nodes = (...ids: string[]) => ids.map((id) => ({ id }));
const diamond = [
  { from: "a", to: "b" },
  { from: "a", to: "c" },
  { from: "b", to: "d" },
  { from: "c", to: "d" },
];

describe("layoutGraph", () => {
  test("places what is needed before what needs it, and no box over another", () => {
    const placed = layoutGraph(nodes("a", "b", "c", "d"), diamond, right);
    const at = (id: string) => placed.nodes.get(id)!;
    expect(at("a").x + 100).toBeLessThan(at("b").x);
    expect(at("b").x).toBe(at("c").x);
    expect(at("c").x + 100).toBeLessThan(at("d").x);
    expect(Math.abs(at("b").y - at("c").y)).toBeGreaterThanOrEqual(40);
    expect(placed.edges).toHaveLength(4);
    for (const { path } of placed.edges) expect(path).toMatch(/^M[\d.,]+( C[\d., -]+)+$/);
    for (const { x, y } of placed.nodes.values()) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + 100).toBeLessThanOrEqual(placed.width);
      expect(y + 40).toBeLessThanOrEqual(placed.height);
    }
  });

  test("runs downwards where the room is narrow", () => {
    const placed = layoutGraph(nodes("a", "b"), [{ from: "a", to: "b" }], { ...right, direction: "down" });
    expect(placed.nodes.get("a")!.x).toBe(placed.nodes.get("b")!.x);
    expect(placed.nodes.get("a")!.y + 40).toBeLessThan(placed.nodes.get("b")!.y);
  });

  test("takes an empty graph, edges to nowhere, an edge to itself and a cycle", () => {
    expect(layoutGraph([], [{ from: "a", to: "b" }], right)).toMatchObject({
      width: 0,
      height: 0,
      edges: [],
    });
    const edges = [
      { from: "a", to: "gone" },
      { from: "a", to: "a" },
      { from: "a", to: "b" },
      { from: "b", to: "a" },
    ];
    const placed = layoutGraph(nodes("a", "b"), edges, right);
    expect(placed.nodes.size).toBe(2);
    expect(placed.edges.map(({ from, to }) => `${from}${to}`)).toEqual(["ab", "ba"]);
  });

  test("names of JavaScript's own properties are names like others", () => {
    const placed = layoutGraph(
      nodes("__proto__", "constructor"),
      [{ from: "constructor", to: "__proto__" }],
      right,
    );
    expect(placed.nodes.size).toBe(2);
    expect(placed.edges).toHaveLength(1);
  });
});

describe("a graph of a thousand boxes", () => {
  const many = nodes(...Array.from({ length: 1000 }, (_, index) => `s${index}`));
  const edges = many.slice(1).flatMap(({ id }, at) => [
    { from: `s${Math.floor(at / 3)}`, to: id },
    { from: `s${Math.max(0, at - 5)}`, to: id },
  ]);

  test("is placed without a pause, in columns that follow the edges", () => {
    const startedAt = performance.now();
    const placed = layoutGraph(many, edges, right);
    expect(performance.now() - startedAt).toBeLessThan(500);
    for (const { from, to } of edges) expect(placed.nodes.get(from)!.x).toBeLessThan(placed.nodes.get(to)!.x);
    const spots = new Set([...placed.nodes.values()].map(({ x, y }) => `${x} ${y}`));
    expect(spots.size).toBe(1000);
  });
});

describe("neighbourOf", () => {
  const placed = layoutGraph(nodes("a", "b", "c", "d"), diamond, right);

  test("goes along the edges and between what runs side by side", () => {
    const upper = placed.nodes.get("b")!.y < placed.nodes.get("c")!.y ? "b" : "c";
    const lower = upper === "b" ? "c" : "b";
    expect(["b", "c"]).toContain(neighbourOf(placed, "a", "ArrowRight"));
    expect(neighbourOf(placed, upper, "ArrowRight")).toBe("d");
    expect(neighbourOf(placed, "d", "ArrowLeft")).not.toBe("a");
    expect(neighbourOf(placed, upper, "ArrowDown")).toBe(lower);
    expect(neighbourOf(placed, lower, "ArrowUp")).toBe(upper);
  });

  test("stays where nothing lies that way", () => {
    expect(neighbourOf(placed, "a", "ArrowLeft")).toBeNull();
    expect(neighbourOf(placed, "gone", "ArrowLeft")).toBeNull();
  });
});

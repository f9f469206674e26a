import { Graph, layout } from "@dagrejs/dagre";

/** A box of the graph, all of one size. */
export interface GraphNodeKey {
  id: string;
}

export interface GraphEdge {
  from: string;
  to: string;
}

export interface PlacedNode {
  /** Of the left upper corner, in pixels. */
  x: number;
  y: number;
}

export interface PlacedEdge extends GraphEdge {
  /** The edge as the `d` of an SVG path, from box to box. */
  path: string;
}

export interface PlacedGraph {
  width: number;
  height: number;
  nodes: ReadonlyMap<string, PlacedNode>;
  edges: readonly PlacedEdge[];
}

export interface GraphShape {
  /** Which way the edges run: `right` on a wide screen, `down` on a narrow one. */
  direction: "right" | "down";
  nodeWidth: number;
  nodeHeight: number;
}

const margin = 12;
/** Boxes and edges from which on the library's search for few crossings takes seconds: then plain columns do. */
const many = 400;

/** Places boxes so that edges run one way and cross little. Edges to boxes that are not there are left out; cycles are drawn. */
export function layoutGraph(
  nodes: readonly GraphNodeKey[],
  edges: readonly GraphEdge[],
  shape: GraphShape,
): PlacedGraph {
  if (nodes.length === 0) return { width: 0, height: 0, nodes: new Map(), edges: [] };
  if (nodes.length + edges.length > many) return layoutColumns(nodes, edges, shape);
  const graph = new Graph();
  graph.setGraph({
    rankdir: shape.direction === "right" ? "LR" : "TB",
    nodesep: 16,
    ranksep: shape.direction === "right" ? 40 : 28,
    marginx: margin,
    marginy: margin,
  });
  // Names of steps are anybody's; the library keeps its boxes in plain objects, where `__proto__` is no name.
  const keys = new Map(nodes.map(({ id }, index) => [id, `n${index}`]));
  for (const key of keys.values()) graph.setNode(key, { width: shape.nodeWidth, height: shape.nodeHeight });
  const drawn = edges.flatMap(({ from, to }) => {
    const ends = { from: keys.get(from), to: keys.get(to) };
    if (ends.from === undefined || ends.to === undefined || from === to) return [];
    graph.setEdge(ends.from, ends.to, {});
    return [
      { from, to, points: () => (graph.edge(ends.from, ends.to) as { points?: Point[] }).points ?? [] },
    ];
  });
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const placed = [...keys].map(([id, key]): [string, PlacedNode] => {
    const { x = 0, y = 0 } = graph.node(key) as { x?: number; y?: number };
    return [id, { x: x - shape.nodeWidth / 2, y: y - shape.nodeHeight / 2 }];
  });
  const places = new Map(placed);
  return {
    width,
    height,
    nodes: places,
    edges: drawn.map(({ from, to, points }) => {
      const ends = { from: places.get(from), to: places.get(to) };
      return { from, to, path: pathOf(atSides(points(), ends, shape), shape.direction) };
    }),
  };
}

/** The points with the first and last in the middle of the boxes' sides, unless the edge runs backwards. */
function atSides(
  points: readonly Point[],
  ends: { from: PlacedNode | undefined; to: PlacedNode | undefined },
  shape: GraphShape,
): readonly Point[] {
  const { from, to } = ends;
  if (from === undefined || to === undefined) return points;
  const { nodeWidth: w, nodeHeight: h } = shape;
  const right = shape.direction === "right";
  if (right ? from.x + w > to.x : from.y + h > to.y) return points;
  const first = right ? { x: from.x + w, y: from.y + h / 2 } : { x: from.x + w / 2, y: from.y + h };
  const last = right ? { x: to.x, y: to.y + h / 2 } : { x: to.x + w / 2, y: to.y };
  return [first, ...points.slice(1, -1), last];
}

/** Columns by how many boxes come before, in the order given; linear in the size of the graph. */
function layoutColumns(
  nodes: readonly GraphNodeKey[],
  edges: readonly GraphEdge[],
  shape: GraphShape,
): PlacedGraph {
  const known = new Set(nodes.map(({ id }) => id));
  const drawn = edges.filter(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const after = Map.groupBy(drawn, ({ from }) => from);
  const open = new Map(nodes.map(({ id }) => [id, 0]));
  for (const { to } of drawn) open.set(to, (open.get(to) ?? 0) + 1);
  const rank = new Map<string, number>();
  // What is in a cycle never becomes ready and stays in the first column.
  const ready = nodes.filter(({ id }) => open.get(id) === 0).map(({ id }) => id);
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    for (const { to } of after.get(id) ?? []) {
      rank.set(to, Math.max(rank.get(to) ?? 0, (rank.get(id) ?? 0) + 1));
      const left = (open.get(to) ?? 0) - 1;
      open.set(to, left);
      if (left === 0) ready.push(to);
    }
  }
  const filled: number[] = [];
  const right = shape.direction === "right";
  const along = right ? shape.nodeWidth + 40 : shape.nodeHeight + 28;
  const across = right ? shape.nodeHeight + 16 : shape.nodeWidth + 16;
  const placed = new Map<string, PlacedNode>();
  for (const { id } of nodes) {
    const column = rank.get(id) ?? 0;
    const row = filled[column] ?? 0;
    filled[column] = row + 1;
    const [one, other] = [margin + column * along, margin + row * across];
    placed.set(id, right ? { x: one, y: other } : { x: other, y: one });
  }
  const points = [...placed.values()];
  return {
    width: Math.max(...points.map(({ x }) => x)) + shape.nodeWidth + margin,
    height: Math.max(...points.map(({ y }) => y)) + shape.nodeHeight + margin,
    nodes: placed,
    edges: drawn.map(({ from, to }) => ({ from, to, path: straightPath(placed, { from, to }, shape) })),
  };
}

function straightPath(
  placed: ReadonlyMap<string, PlacedNode>,
  { from, to }: GraphEdge,
  shape: GraphShape,
): string {
  const [start, end] = [placed.get(from), placed.get(to)];
  if (start === undefined || end === undefined) return "";
  const { nodeWidth: w, nodeHeight: h } = shape;
  return shape.direction === "right"
    ? pathOf(
        [
          { x: start.x + w, y: start.y + h / 2 },
          { x: end.x, y: end.y + h / 2 },
        ],
        "right",
      )
    : pathOf(
        [
          { x: start.x + w / 2, y: start.y + h },
          { x: end.x + w / 2, y: end.y },
        ],
        "down",
      );
}

interface Point {
  x: number;
  y: number;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** A smooth line through the points, leaving and arriving along the direction. */
function pathOf(points: readonly Point[], direction: GraphShape["direction"]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let from = first;
  let path = `M${round(from.x)},${round(from.y)}`;
  for (const to of rest) {
    const [one, two] =
      direction === "right"
        ? [
            { x: (from.x + to.x) / 2, y: from.y },
            { x: (from.x + to.x) / 2, y: to.y },
          ]
        : [
            { x: from.x, y: (from.y + to.y) / 2 },
            { x: to.x, y: (from.y + to.y) / 2 },
          ];
    path += ` C${round(one.x)},${round(one.y)} ${round(two.x)},${round(two.y)} ${round(to.x)},${round(to.y)}`;
    from = to;
  }
  return path;
}

/** The box to go to from another with an arrow key: the nearest that lies that way, what is straight ahead first. */
export function neighbourOf(
  placed: PlacedGraph,
  id: string,
  key: "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown",
): string | null {
  const from = placed.nodes.get(id);
  if (from === undefined) return null;
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  let best: string | null = null;
  let least = Infinity;
  for (const [other, to] of placed.nodes) {
    const ahead = sign * (sideways ? to.x - from.x : to.y - from.y);
    if (other === id || ahead < 1) continue;
    const cost = ahead + 2 * Math.abs(sideways ? to.y - from.y : to.x - from.x);
    if (cost >= least) continue;
    best = other;
    least = cost;
  }
  return best;
}

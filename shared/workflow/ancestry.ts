/** A step with its needs resolved (see `resolveNeeds`). */
export interface GraphNode {
  id: string;
  needs: readonly string[];
}

/** Ids so that each comes after all that it needs, file order otherwise; nodes on or behind a cycle are left out. */
export function topologicalOrder(nodes: readonly GraphNode[]): string[] {
  const waitingFor = nodes.map((node) => node.needs.length);
  const dependents = new Map<string, number[]>();
  nodes.forEach((node, index) => {
    for (const need of node.needs) {
      const known = dependents.get(need);
      if (known === undefined) dependents.set(need, [index]);
      else known.push(index);
    }
  });
  const ready = nodes.flatMap((_, index) => (waitingFor[index] === 0 ? [index] : []));
  const order: string[] = [];
  for (let next = 0; next < ready.length; next += 1) {
    const id = nodes[ready[next] ?? -1]?.id;
    if (id === undefined) continue;
    order.push(id);
    for (const index of dependents.get(id) ?? []) {
      const rest = (waitingFor[index] ?? 0) - 1;
      waitingFor[index] = rest;
      if (rest === 0) ready.push(index);
    }
  }
  return order;
}

/** The steps that have ended when some place of the file is evaluated. */
export interface EndedSteps {
  has(id: string): boolean;
  ids(): string[];
}

/**
 * Which steps end before a step starts. One bit per pair, so that a chain of 2,000 steps takes half a megabyte and
 * each question a shift. Computed at the first question that the step's own needs do not answer. For a step on or behind a cycle, which is reported as such,
 * every answer is yes.
 */
export function makeAncestry(nodes: readonly GraphNode[]): (id: string) => EndedSteps {
  const numbers = new Map(nodes.map((node, index) => [node.id, index]));
  const ids = nodes.map((node) => node.id);
  let rows: Map<string, Uint32Array> | undefined;
  const rowOf = (id: string): Uint32Array | undefined => (rows ??= ancestorRows(nodes, numbers)).get(id);
  const holds = (row: Uint32Array, index: number): boolean =>
    (((row[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  return (id) => ({
    has(other) {
      if (nodes[numbers.get(id) ?? -1]?.needs.includes(other) === true) return true;
      const row = rowOf(id);
      const index = numbers.get(other);
      return row === undefined || (index !== undefined && holds(row, index));
    },
    ids() {
      const row = rowOf(id);
      return row === undefined ? ids : ids.filter((_, index) => holds(row, index));
    },
  });
}

function ancestorRows(
  nodes: readonly GraphNode[],
  numbers: ReadonlyMap<string, number>,
): Map<string, Uint32Array> {
  const words = Math.ceil(nodes.length / 32);
  const rows = new Map<string, Uint32Array>();
  for (const id of topologicalOrder(nodes)) {
    const row = new Uint32Array(words);
    for (const need of nodes[numbers.get(id) ?? -1]?.needs ?? []) {
      const index = numbers.get(need) ?? 0;
      row[index >>> 5] = (row[index >>> 5] ?? 0) | (1 << (index & 31));
      const above = rows.get(need);
      if (above === undefined) continue;
      for (let word = 0; word < words; word += 1) row[word] = (row[word] ?? 0) | (above[word] ?? 0);
    }
    rows.set(id, row);
  }
  return rows;
}

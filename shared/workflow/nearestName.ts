/**
 * Edit distance with transpositions of neighbours (optimal string alignment), cut off above `limit`.
 * Returns `limit + 1` when the distance is larger.
 */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(previous, j) + 1, at(current, j - 1) + 1, at(previous, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(before, j - 2) + 1);
      }
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return Math.min(at(previous, b.length), limit + 1);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

/** The known name that `wrong` was probably meant to be, or undefined when none is near. Case does not count. */
export function nearestName(wrong: string, known: Iterable<string>): string | undefined {
  const lower = wrong.toLowerCase().slice(0, 100);
  // Of one or two letters any other such name would be near.
  const limit = lower.length < 3 ? 0 : Math.max(1, Math.floor(lower.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const name of known) {
    const distance = editDistance(lower, name.toLowerCase(), limit);
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `did you mean "x"?`, else a list of the names when it is short enough to read, else undefined. */
export function nameHint(wrong: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  const nearest = nearestName(wrong, names);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  return names.length > 0 && names.length <= 15 ? `known: ${names.join(", ")}` : undefined;
}

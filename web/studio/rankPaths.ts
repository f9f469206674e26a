/**
 * The paths that a few typed letters mean, best first: the letters occur in order; runs, beginnings of words and the
 * file's name count more than letters strewn over the folders. All paths in their order for an empty query.
 */
export function rankPaths(paths: readonly string[], query: string, limit = 50): string[] {
  const letters = query.toLowerCase().replaceAll(/\s+/g, "");
  if (letters === "") return paths.slice(0, limit);
  return paths
    .map((path) => ({ path, score: scoreOf(path, letters) }))
    .filter((row) => row.score > 0)
    .sort((a, b) => b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1))
    .slice(0, limit)
    .map((row) => row.path);
}

/** Zero when the letters do not occur in order. The better of a match in the name alone and one in the whole path. */
function scoreOf(path: string, letters: string): number {
  const nameStart = path.lastIndexOf("/") + 1;
  const inName = walk(path, letters, nameStart);
  return inName > 0 ? inName + letters.length * 4 : walk(path, letters, 0);
}

function walk(path: string, letters: string, start: number): number {
  const text = path.toLowerCase();
  const whole = text.indexOf(letters, start);
  if (whole !== -1) return letters.length * 3 + (startsWord(path, whole) ? 8 : 0);
  let score = 0;
  let at = start - 1;
  for (const letter of letters) {
    const next = text.indexOf(letter, at + 1);
    if (next === -1) return 0;
    score += 1 + (next === at + 1 ? 1 : 0) + (startsWord(path, next) ? 1 : 0);
    at = next;
  }
  return score;
}

function startsWord(path: string, at: number): boolean {
  const [before = "", here = ""] = [path[at - 1], path[at]];
  return at === 0 || /[^a-z0-9]/i.test(before) || (/[a-z0-9]/.test(before) && /[A-Z]/.test(here));
}

/** One place where the words were found. `line` and `column` are 1-based, `column` counts UTF-16 units. */
export interface FileMatch {
  path: string;
  line: number;
  column: number;
  length: number;
  /** The line, cut around the match when it is long. `at` is where the match begins in it. */
  text: string;
  at: number;
}

export interface SearchQuery {
  words: string;
  matchCase: boolean;
  isPattern: boolean;
}

export interface SearchResult {
  matches: FileMatch[];
  /** More was found than is answered. */
  truncated: boolean;
}

const maxMatches = 1000;
const shownBefore = 40;
const shownAfter = 160;

/** The query as a pattern. Throws `SyntaxError` for a regular expression that is none. */
export function searchPattern({ words, matchCase, isPattern }: SearchQuery): RegExp {
  const source = isPattern ? words : words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(source, `g${matchCase ? "" : "i"}${isPattern ? "m" : ""}`);
}

/** Every place in the files, in the order given; matches end with their line. */
export function searchFiles(
  files: Iterable<readonly [path: string, text: string]>,
  query: SearchQuery,
): SearchResult {
  const matches: FileMatch[] = [];
  if (query.words === "") return { matches, truncated: false };
  const pattern = searchPattern(query);
  for (const [path, text] of files) {
    for (const [index, line] of text.split(/\r?\n/).entries()) {
      for (const found of line.matchAll(pattern)) {
        if (found[0] === "") continue;
        if (matches.length === maxMatches) return { matches, truncated: true };
        const from = Math.max(0, found.index - shownBefore);
        matches.push({
          path,
          line: index + 1,
          column: found.index + 1,
          length: found[0].length,
          text: line.slice(from, found.index + found[0].length + shownAfter),
          at: found.index - from,
        });
      }
    }
  }
  return { matches, truncated: false };
}

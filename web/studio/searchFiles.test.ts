import { describe, expect, test } from "vitest";
import { searchFiles } from "./searchFiles.ts";

const files: [string, string][] = [
  ["a.ts", "const one = 1;\r\nconst ONE = one + one;\n"],
  ["b.css", "a { margin: 0.5em }"],
];
const plain = { matchCase: false, isPattern: false };

describe("searchFiles", () => {
  test("answers line and column of every place, in any case", () => {
    const { matches } = searchFiles(files, { ...plain, words: "one" });
    expect(matches.map(({ path, line, column }) => `${path}:${line}:${column}`)).toEqual([
      "a.ts:1:7",
      "a.ts:2:7",
      "a.ts:2:13",
      "a.ts:2:19",
    ]);
    expect(matches[0]).toMatchObject({ text: "const one = 1;", at: 6, length: 3 });
  });

  test("matches case where asked", () => {
    expect(searchFiles(files, { ...plain, words: "ONE", matchCase: true }).matches).toHaveLength(1);
  });

  test("takes words as they are unless they are a pattern", () => {
    expect(searchFiles(files, { ...plain, words: "0.5" }).matches).toHaveLength(1);
    expect(searchFiles([["x", "015"]], { ...plain, words: "0.5" }).matches).toHaveLength(0);
    expect(searchFiles([["x", "015"]], { ...plain, words: "0.5", isPattern: true }).matches).toHaveLength(1);
    expect(() => searchFiles(files, { ...plain, words: "(", isPattern: true })).toThrow(SyntaxError);
  });

  test("a long line is cut around the place, and a pattern that matches nothing ends", () => {
    const line = `${"x".repeat(500)}needle${"y".repeat(500)}`;
    const [match] = searchFiles([["min.js", line]], { ...plain, words: "needle" }).matches;
    expect(match?.text.slice(match.at, match.at + match.length)).toBe("needle");
    expect(match?.text.length).toBeLessThan(250);
    expect(searchFiles([["x", "abc"]], { ...plain, words: "z*", isPattern: true }).matches).toEqual([]);
  });

  test("stops at a thousand and says so", () => {
    const result = searchFiles([["x", "a ".repeat(2000)]], { ...plain, words: "a" });
    expect(result.truncated).toBe(true);
    expect(result.matches).toHaveLength(1000);
  });
});

import { describe, expect, test } from "vitest";
import { rankPaths } from "./rankPaths.ts";

const paths = [
  "README.md",
  "src/App.tsx",
  "src/apples/main.ts",
  "src/main.tsx",
  "src/useTaskList.ts",
  "vite.config.ts",
];

describe("rankPaths", () => {
  test("the file's own name comes before a folder of that name", () => {
    expect(rankPaths(paths, "app")[0]).toBe("src/App.tsx");
    expect(rankPaths(paths, "main").slice(0, 2)).toEqual(["src/main.tsx", "src/apples/main.ts"]);
  });

  test("beginnings of words find a name", () => {
    expect(rankPaths(paths, "utl")[0]).toBe("src/useTaskList.ts");
    expect(rankPaths(paths, "apma")[0]).toBe("src/apples/main.ts");
  });

  test("letters out of order find nothing; nothing typed shows all", () => {
    expect(rankPaths(paths, "zzz")).toEqual([]);
    expect(rankPaths(paths, "")).toEqual(paths);
    expect(rankPaths(paths, "", 2)).toHaveLength(2);
  });
});

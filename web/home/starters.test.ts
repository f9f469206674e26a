import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { closestStarter, loadStarter, starters } from "./starters.ts";

const folder = join(import.meta.dirname, "starters");

describe("starters", () => {
  test("each has its folder, and each folder its entry", () => {
    expect(starters.map((starter) => starter.id).sort()).toEqual(readdirSync(folder).sort());
  });

  test.each(starters.map((starter) => starter.id))("%s loads all its files", async (id) => {
    const files = await loadStarter(id);
    expect(files.map((file) => file.path)).toContain("index.html");
    const onDisk = readdirSync(join(folder, id), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files).toHaveLength(onDisk.length);
    for (const file of files) expect(file.content).toBe(readFileSync(join(folder, id, file.path), "utf8"));
  });

  test("a wish finds the starter that is closest", () => {
    expect(closestStarter("A pomodoro timer for my desk").id).toBe("vanilla");
    expect(closestStarter("landing page for my shop").id).toBe("static");
    expect(closestStarter("keep a list of books").id).toBe("vue");
    expect(closestStarter("").id).toBe(starters[0]!.id);
    expect(existsSync(join(folder, closestStarter("anything at all").id))).toBe(true);
  });
});

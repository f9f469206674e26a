import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { workerFlags } from "./workerFlags.ts";

test("npm run worker starts a worker as npm start does", async () => {
  const { scripts } = JSON.parse(await readFile("package.json", "utf8")) as {
    scripts: Record<string, string>;
  };
  expect(scripts["worker"]).toBe(`node ${workerFlags.join(" ")} workflows/worker.ts`);
});

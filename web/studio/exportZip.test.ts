import { unzipSync } from "fflate";
import { expect, test } from "vitest";
import { zipOf } from "./exportZip.ts";

test("a zip holds every file byte for byte under the project's folder", async () => {
  const files = new Map([
    ["src/ü.ts", new TextEncoder().encode("export {};\n".repeat(500))],
    ["icon.png", new Uint8Array([0, 255, 13, 10])],
    ["empty", new Uint8Array()],
  ]);
  const found = unzipSync(await zipOf(files, "shop"));
  expect(Object.keys(found).sort()).toEqual(["shop/empty", "shop/icon.png", "shop/src/ü.ts"]);
  for (const [path, content] of files) expect(found[`shop/${path}`]).toEqual(content);
});

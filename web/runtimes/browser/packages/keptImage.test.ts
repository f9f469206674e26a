import { afterEach, expect, test, vi } from "vitest";
import { fromKept, toKept, type KeptImage } from "./keptImage.ts";
import { imageOf } from "./packageImage.ts";

const files = {
  "package.json": '{"name":"a"}',
  "esm/package.json": '{"type":"module"}',
  "index.js": "run()",
};

function kept(): KeptImage {
  const texts = Object.entries(files);
  let offset = 0;
  const places = texts.map(([path, { length: size }]) => {
    const file = { offset, size };
    offset += size;
    return [path, file] as const;
  });
  const archive = new TextEncoder().encode(texts.map(([, text]) => text).join(""));
  return toKept(imageOf("sha512-a", archive, new Map(places)));
}

const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** What a worker has to read a blob at once. */
function readerThat(read: () => ArrayBuffer): { reads: number } {
  const counts = { reads: 0 };
  vi.stubGlobal(
    "FileReaderSync",
    class {
      readAsArrayBuffer(): ArrayBuffer {
        counts.reads += 1;
        return read();
      }
    },
  );
  return counts;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a worker reads the archive when a file of it is asked for, once, and for no package.json", async () => {
  const image = kept();
  const bytes = await image.archive.arrayBuffer();
  const counts = readerThat(() => bytes);
  const restored = await fromKept(image, () => expect.unreachable());
  expect(textOf(restored.read("package.json"))).toBe(files["package.json"]);
  expect(textOf(restored.read("esm/package.json"))).toBe(files["esm/package.json"]);
  expect(restored.read("other.js")).toBeUndefined();
  expect(restored.size).toBe(bytes.byteLength);
  expect(counts.reads).toBe(0);
  expect(textOf(restored.read("index.js"))).toBe("run()");
  expect(textOf(restored.read("index.js"))).toBe("run()");
  expect(textOf(restored.archive())).toBe(Object.values(files).join(""));
  expect(counts.reads).toBe(1);
});

test("without a way to read at once the archive is read first", async () => {
  const restored = await fromKept(kept(), () => expect.unreachable());
  for (const [path, text] of Object.entries(files)) expect(textOf(restored.read(path))).toBe(text);
});

test("an archive that the storage does not give back is reported, and an error for whoever reads", async () => {
  readerThat(() => {
    throw new DOMException("gone", "NotReadableError");
  });
  const lost = vi.fn<() => void>();
  const restored = await fromKept(kept(), lost);
  expect(() => restored.read("index.js")).toThrow(/cannot be read any more. Reload the page/);
  expect(lost).toHaveBeenCalledTimes(1);
});

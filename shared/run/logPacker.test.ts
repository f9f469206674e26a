import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogChunk } from "./events.ts";
import { LogPacker, maxLineChars } from "./logPacker.ts";
import { cutPage, unpackPage, type PackedPage } from "./packedLog.ts";
import { appendLog, emptyLog, logLines } from "./stepLog.ts";

const chunk = (text: string, at = 1, stream: LogChunk["stream"] = "out"): LogChunk => ({ stream, text, at });
const unpack = (packed: { pages: PackedPage[] }) => packed.pages.flatMap(unpackPage);

/** What a log becomes that is read in pieces of so many chunks. */
function packed(chunks: readonly LogChunk[], pieceSize = 1) {
  const packer = new LogPacker();
  const pages: PackedPage[] = [];
  for (let from = 0; from < chunks.length; from += pieceSize)
    pages.push(...packer.add(chunks.slice(from, from + pieceSize)));
  pages.push(...packer.end());
  return { pages, ...packer.summary };
}

describe("LogPacker", () => {
  test("W163 pages hold exactly the lines that the live log has, in any mixture of streams and pieces", () => {
    const chunks = fc.array(
      fc.record({
        stream: fc.constantFrom("out" as const, "err" as const, "note" as const),
        text: fc.string({ unit: fc.constantFrom("a", "\n", "\u001b[31m", "é", "\r", "") }),
        at: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 60 }), (all, pieceSize) => {
        const log = appendLog(emptyLog, all);
        expect(unpack(packed(all, pieceSize))).toEqual([...logLines(log)]);
      }),
    );
  });

  test("W220 a part of a page has the lines that the page has there", () => {
    const marks = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 });
    fc.assert(
      fc.property(marks, fc.integer({ min: 95, max: 112 }), fc.nat(12), (changes, from, length) => {
        const page = {
          firstLine: 100,
          lines: 10,
          body: Array.from({ length: 10 }, (_, index) => `line ${index}`).join("\n"),
          marks: [0, ...changes.toSorted((a, b) => a - b)].map(
            (line, index): [number, "out" | "err", number] => [line, index % 2 === 0 ? "out" : "err", line],
          ),
        };
        const to = from + length;
        const cut = cutPage(page, from, to);
        const wanted = unpackPage(page).filter((_, index) => 100 + index >= from && 100 + index <= to);
        expect(cut.lines).toBe(wanted.length);
        if (wanted.length === 0) return;
        expect(cut.firstLine).toBe(Math.max(100, from));
        expect(unpackPage(cut)).toEqual(wanted);
      }),
    );
  });

  test("W163 200,000 lines become pages that begin where the one before ends", () => {
    const chunks = Array.from({ length: 200 }, (_, part) => {
      const from = part * 1000;
      return chunk(Array.from({ length: 1000 }, (_, index) => `line ${from + index}\n`).join(""), from);
    });
    const { pages, lines } = packed(chunks, 7);
    expect(lines).toBe(200_000);
    let next = 0;
    for (const page of pages) {
      expect(page.firstLine).toBe(next);
      next += page.lines;
    }
    expect(next).toBe(200_000);
    expect(unpackPage(pages.at(-1)!).at(-1)).toEqual({ stream: "out", text: "line 199999", at: 199_000 });
  });

  test("what is searched has no escapes, and is stored only where it differs", () => {
    const coloured = packed([chunk("\u001b[32mrounds\u001b[0m half\n")]);
    expect(coloured.pages[0]).toMatchObject({ body: "\u001b[32mrounds\u001b[0m half", plain: "rounds half" });
    expect(packed([chunk("rounds\n")]).pages[0]!.plain).toBeNull();
  });

  test("W164 a line of ten megabytes is cut with a mark", () => {
    const [long, next] = unpack(packed([chunk("x".repeat(10_000_000)), chunk("\nnext\n")]));
    expect(long!.text.length).toBeLessThan(maxLineChars + 100);
    expect(long!.text).toMatch(/cut: the line has 10000000 characters$/);
    expect(next!.text).toBe("next");
  });

  test("groups and an empty log", () => {
    expect(packed([])).toEqual({ lines: 0, groups: [], pages: [] });
    const chunks = [chunk("::group::Install\na\n"), chunk("::endgroup::\nb\n")];
    expect(packed(chunks).groups).toEqual([{ start: 0, end: 2, title: "Install" }]);
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogChunk } from "./events.ts";
import { maxLineChars, packLog, unpackPage } from "./packedLog.ts";
import { appendLog, emptyLog, logLines } from "./stepLog.ts";

const chunk = (text: string, at = 1, stream: LogChunk["stream"] = "out"): LogChunk => ({ stream, text, at });
const unpack = (packed: ReturnType<typeof packLog>) => packed.pages.flatMap(unpackPage);

describe("packLog", () => {
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
      fc.property(chunks, (all) => {
        const log = appendLog(emptyLog, all);
        expect(unpack(packLog(log))).toEqual([...logLines(log)]);
      }),
    );
  });

  test("W163 200,000 lines become pages that begin where the one before ends", () => {
    let log = emptyLog;
    for (let from = 0; from < 200_000; from += 1000) {
      const text = Array.from({ length: 1000 }, (_, index) => `line ${from + index}\n`).join("");
      log = appendLog(log, [chunk(text, from)]);
    }
    const packed = packLog(log);
    expect(packed.lines).toBe(200_000);
    let next = 0;
    for (const page of packed.pages) {
      expect(page.firstLine).toBe(next);
      next += page.lines;
    }
    expect(next).toBe(200_000);
    expect(unpackPage(packed.pages.at(-1)!).at(-1)).toEqual({
      stream: "out",
      text: "line 199999",
      at: 199_000,
    });
  });

  test("what is searched has no escapes, and is stored only where it differs", () => {
    const packed = packLog(appendLog(emptyLog, [chunk("\u001b[32mrounds\u001b[0m half\n")]));
    expect(packed.pages[0]).toMatchObject({ body: "\u001b[32mrounds\u001b[0m half", plain: "rounds half" });
    expect(packLog(appendLog(emptyLog, [chunk("rounds\n")])).pages[0]!.plain).toBeNull();
  });

  test("W164 a line of ten megabytes is cut with a mark", () => {
    const packed = packLog(appendLog(emptyLog, [chunk("x".repeat(10_000_000)), chunk("\nnext\n")]));
    const [long, next] = unpack(packed);
    expect(long!.text.length).toBeLessThan(maxLineChars + 100);
    expect(long!.text).toMatch(/cut: the line has 10000000 characters$/);
    expect(next!.text).toBe("next");
  });

  test("groups and an empty log", () => {
    expect(packLog(emptyLog)).toEqual({ lines: 0, groups: [], pages: [] });
    const grouped = appendLog(emptyLog, [chunk("::group::Install\na\n::endgroup::\nb\n")]);
    expect(packLog(grouped).groups).toEqual([{ start: 0, end: 2, title: "Install" }]);
  });
});

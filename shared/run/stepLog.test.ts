import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogChunk } from "./events.ts";
import { appendLog, emptyLog, lineAt, lineCount, logLines } from "./stepLog.ts";
import type { StepLog } from "./stepLog.ts";

const out = (text: string, at = 1): LogChunk => ({ stream: "out", text, at });
const err = (text: string, at = 1): LogChunk => ({ stream: "err", text, at });
const texts = (log: StepLog): string[] => [...logLines(log)].map((line) => line.text);

describe("step log", () => {
  it("W44 a line that comes in pieces is one line, with the time of its first piece", () => {
    const log = appendLog(appendLog(emptyLog, [out("hel", 5)]), [out("lo\nwor", 6), out("ld", 7)]);
    expect([...logLines(log)]).toEqual([
      { stream: "out", text: "hello", at: 5 },
      { stream: "out", text: "world", at: 6 },
    ]);
    expect([log.length, lineCount(log)]).toEqual([1, 2]);
  });

  it("W44 streams do not mix within a line", () => {
    const log = appendLog(emptyLog, [out("a"), err("b\n"), out("c\n")]);
    expect([...logLines(log)].map(({ stream, text }) => `${stream} ${text}`)).toEqual(["err b", "out ac"]);
  });

  it("W44 empty lines are lines, and older views stay as they were", () => {
    const first = appendLog(emptyLog, [out("a\n\nb\n")]);
    const second = appendLog(first, [out("c\n")]);
    expect(texts(first)).toEqual(["a", "", "b"]);
    expect(texts(second)).toEqual(["a", "", "b", "c"]);
    expect(lineAt(first, 3)).toBeUndefined();
  });

  it("W44 however output is cut into chunks and events, the lines are the same", () => {
    const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "é"), maxLength: 2000 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(2000), { maxLength: 20 }), (whole, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut <= whole.length).sort((a, b) => a - b), whole.length];
        const pieces = places.slice(1).map((end, i) => whole.slice(places[i], end));
        const log = pieces.reduce((at, piece) => appendLog(at, [out(piece)]), emptyLog);
        const lines = whole.split("\n");
        if (lines.at(-1) === "") lines.pop();
        expect(texts(log)).toEqual(lines);
        expect(lines.map((_, i) => lineAt(log, i)?.text)).toEqual(lines);
      }),
    );
  });

  it("W44 200,000 lines in 20,000 events fold in linear time, and any line is found at once", () => {
    const fold = (events: number): number => {
      const start = performance.now();
      let log = emptyLog;
      for (let i = 0; i < events; i += 1) {
        log = appendLog(log, [out(Array.from({ length: 10 }, (_, j) => `line ${i * 10 + j}\n`).join(""))]);
      }
      expect(log.length).toBe(events * 10);
      for (const index of [0, 255, 256, 65_535, 65_536, 150_000, events * 10 - 1]) {
        if (index < log.length) expect(lineAt(log, index)?.text).toBe(`line ${index}`);
      }
      return performance.now() - start;
    };
    fold(2000);
    const small = Math.min(fold(5000), fold(5000));
    const large = Math.min(fold(20_000), fold(20_000));
    // Four times the lines: quadratic work would take sixteen times as long.
    expect(large / small).toBeLessThan(10);
  });
});

import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi } from "./ansi.ts";

const esc = "\u001b";

describe("terminal colours", () => {
  it("gives pieces of one look with the palette's colours", () => {
    const spans = parseAnsi(`${esc}[32m✓${esc}[39m adds ${esc}[1;91mred${esc}[0m!`);
    expect(spans.map((span) => [span.text, span.style.color, span.style.bold])).toEqual([
      ["✓", 2, false],
      [" adds ", null, false],
      ["red", 9, true],
      ["!", null, false],
    ]);
  });

  it("knows 256 and true colours, on text and background, with either separator", () => {
    const [one, two, three] = parseAnsi(`${esc}[38;5;196ma${esc}[48;2;1;2;3mb${esc}[38:5:244mc`);
    expect(one?.style.color).toBe("rgb(255 0 0)");
    expect(two?.style.background).toBe("rgb(1 2 3)");
    expect(three?.style.color).toBe("rgb(128 128 128)");
  });

  it("strips cursor movement, titles, links, bells and unfinished escapes, and keeps the text", () => {
    const line = `${esc}[2K${esc}[1G${esc}]0;title\u0007a${esc}]8;;https://x.example${esc}\\link${esc}]8;;${esc}\\${esc}(B\u0007\u0008 end${esc}`;
    expect(stripAnsi(line)).toBe("alink end");
    expect(
      parseAnsi(line)
        .map((span) => span.text)
        .join(""),
    ).toBe("alink end");
  });

  it("W201 movements, links that run code and controls in one byte have no effect, and leave nothing behind", () => {
    const link = `${esc}]8;;javascript:alert(document.cookie)${esc}\\click${esc}]8;;${esc}\\`;
    const moves = ["2J", "H", "1A", "10;10H", "?1049h", "6n", ">c", "3g"]
      .map((move) => `${esc}[${move}`)
      .join("");
    const oneByte = "\u009b2J\u009d0;title\u009c\u0090q\u009c\u0085";
    const line = `${moves}${link}${oneByte} <b>end</b>`;
    expect(stripAnsi(line)).toBe("click <b>end</b>");
    expect(parseAnsi(line).map((span) => [span.text, span.style.color])).toEqual([
      ["click <b>end</b>", null],
    ]);
  });

  it("shows what remains after a carriage return", () => {
    expect(stripAnsi("10%\r50%\r100%")).toBe("100%");
    expect(stripAnsi("windows line\r")).toBe("windows line");
  });

  it("leaves markup as text", () => {
    expect(parseAnsi("<img src=x onerror=alert(1)>")).toEqual([
      { text: "<img src=x onerror=alert(1)>", style: expect.objectContaining({ color: null }) },
    ]);
  });
});

describe("hostile lines", () => {
  const textOf = (line: string) =>
    parseAnsi(line)
      .map((span) => span.text)
      .join("");

  it("W164 links, titles, clipboard writes and cursor movements of a terminal leave nothing but their text", () => {
    expect(textOf(`${esc}]8;;javascript:alert(1)${esc}\\click${esc}]8;;${esc}\\`)).toBe("click");
    expect(textOf(`${esc}]0;title\u0007a${esc}]52;c;ZXZpbA==\u0007b`)).toBe("ab");
    expect(textOf(`a${esc}[2J${esc}[H${esc}[1A${esc}[?1049hb`)).toBe("ab");
    expect(textOf(`a${esc}P+q544e${esc}\\b${esc}_x${esc}\\c${esc}^y${esc}\\d`)).toBe("abcd");
    // The eight-bit forms, and a sequence that never ends.
    expect(textOf("a\u009b31mb\u0085c")).toBe("abc");
    expect(textOf(`a${esc}]8;;http://x`)).toBe("a");
  });

  it("W164 markup is text, and a style carries no more than a known colour", () => {
    const line = `${esc}[38;2;1;2;300m<img src=x onerror=alert(1)>${esc}[38;5;9999;url(x)m</script>`;
    const spans = parseAnsi(line);
    expect(spans.map((span) => span.text).join("")).toContain("<img src=x onerror=alert(1)>");
    for (const { style } of spans)
      for (const value of [style.color, style.background])
        expect(value === null || typeof value === "number" || /^rgb\(\d+ \d+ \d+\)$/.test(value)).toBe(true);
  });

  it("W164 characters that reorder text are shown by their number", () => {
    expect(textOf("access\u202e\u2066// check\u2069 \u2066granted")).toBe(
      "access‹U+202E›‹U+2066›// check‹U+2069› ‹U+2066›granted",
    );
    expect(stripAnsi("a\u200bb\ufeff")).toBe("a‹U+200B›b‹U+FEFF›");
    expect(stripAnsi("שלום")).toBe("שלום");
  });

  it("W164 a line of nothing but escapes takes time in proportion to its length", () => {
    for (const piece of [`${esc}[`, `${esc}]8;;`, `${esc}P`, `${esc}[31m`, "\r", "\u202e"]) {
      const startedAt = performance.now();
      stripAnsi(piece.repeat(Math.floor(400_000 / piece.length)));
      expect([piece, performance.now() - startedAt < 2000]).toEqual([piece, true]);
    }
  });
});

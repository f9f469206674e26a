import { expect, test } from "vitest";
import type { LineEvent } from "./lineEditor.ts";
import { LineEditor } from "./lineEditor.ts";

/** A screen that understands what the editor writes: enough to know what a user sees. */
class Screen {
  readonly columns: number;
  #rows: string[][] = [[]];
  #row = 0;
  #column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    // oxlint-disable-next-line no-control-regex -- escape sequences are what a screen reads
    for (const [part] of text.matchAll(/\u001b\[[0-9;]*[A-Za-z]|[\s\S]/gu)) this.#apply(part);
  }

  get text(): string {
    return this.#rows
      .map((row) =>
        Array.from(row, (cell) => cell ?? " ")
          .join("")
          .trimEnd(),
      )
      .join("\n")
      .trimEnd();
  }

  get cursor(): [number, number] {
    return [this.#row, this.#column];
  }

  #apply(part: string): void {
    const count = Number(/\d+/.exec(part)?.[0] ?? 1);
    if (part === "\r") this.#column = 0;
    else if (part === "\n") this.#down();
    else if (part.length > 1 && part.endsWith("A")) this.#row = Math.max(0, this.#row - count);
    else if (part.length > 1 && part.endsWith("C")) this.#column += count;
    else if (part.length > 1 && part.endsWith("J")) {
      this.#rows[this.#row] = (this.#rows[this.#row] ?? []).slice(0, this.#column);
      this.#rows.length = this.#row + 1;
    } else if (part.length === 1) {
      if (this.#column === this.columns) {
        this.#column = 0;
        this.#down();
      }
      (this.#rows[this.#row] ??= [])[this.#column] = part;
      this.#column += 1;
    }
  }

  #down(): void {
    this.#row += 1;
    this.#rows[this.#row] ??= [];
  }
}

function setup(columns = 40, complete: (line: string) => string[] = () => []) {
  const screen = new Screen(columns);
  const editor = new LineEditor({ write: (text) => screen.write(text), columns: () => columns, complete });
  editor.start("$ ");
  const type = (text: string): LineEvent | undefined => editor.feed(text).event;
  const line = (text: string): string => {
    const event = type(text);
    if (event?.type !== "line") throw new Error("no line");
    editor.start("$ ");
    return event.text;
  };
  return { screen, editor, type, line };
}

const keys = {
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  home: "\u001b[H",
  end: "\u001bOF",
  del: "\u001b[3~",
  back: "\u007f",
};

test("typing, moving, inserting and deleting", () => {
  const { screen, type, line } = setup();
  type(`helo${keys.left}l`);
  expect(screen.text).toBe("$ hello");
  expect(screen.cursor).toEqual([0, 6]);
  type(`${keys.home}x${keys.del}${keys.end}!${keys.back}?`);
  expect(screen.text).toBe("$ xello?");
  expect(line("\r")).toBe("xello?");
});

test("kill and word keys", () => {
  const { line } = setup();
  expect(line("one two three\u0017four\r")).toBe("one two four");
  expect(line("abc\u0001\u000bx\r")).toBe("x");
  expect(line("abc\u0015y\r")).toBe("y");
});

test("history goes back and forth and keeps the draft", () => {
  const { screen, type, line } = setup();
  line("first\r");
  line("second\r");
  line("second\r");
  type(`draft${keys.up}`);
  expect(screen.text.split("\n").at(-1)).toBe("$ second");
  type(keys.up);
  expect(screen.text.split("\n").at(-1)).toBe("$ first");
  type(keys.up + keys.down + keys.down);
  expect(screen.text.split("\n").at(-1)).toBe("$ draft");
  expect(line("\r")).toBe("draft");
});

test("lines that wrap are redrawn where they are", () => {
  const { screen, type, line } = setup(10);
  type("abcdefghijklm");
  expect(screen.text).toBe("$ abcdefgh\nijklm");
  type(`${keys.home}X`);
  expect(screen.text).toBe("$ Xabcdefg\nhijklm");
  expect(screen.cursor).toEqual([0, 3]);
  type(keys.back + keys.end);
  expect(screen.text).toBe("$ abcdefgh\nijklm");
  expect(screen.cursor).toEqual([1, 5]);
  expect(line("\r")).toBe("abcdefghijklm");
});

test("Ctrl-C, Ctrl-D and what is typed ahead", () => {
  const { editor, type } = setup();
  expect(type("abc\u0003")).toEqual({ type: "interrupt" });
  editor.start("$ ");
  expect(type("\u0004")).toEqual({ type: "end" });
  editor.start("$ ");
  expect(editor.feed("one\rtwo\r")).toEqual({ event: { type: "line", text: "one" }, rest: "two\r" });
});

test("Tab completes what is common, a single match with a space, and lists the rest", () => {
  const { screen, type, line } = setup(40, (text) =>
    ["package.json", "package-lock.json", "src/"].filter((name) =>
      name.startsWith(text.slice(text.lastIndexOf(" ") + 1)),
    ),
  );
  type("cat pa\t");
  expect(screen.text).toBe("$ cat package");
  type("\t");
  expect(screen.text).toContain("package.json  package-lock.json");
  expect(line(".\tx\r")).toBe("cat package.json x");
  expect(line("ls s\tx\r")).toBe("ls src/x");
});

test("unknown escape sequences and control characters leave no trace", () => {
  const { line } = setup();
  expect(line("a\u001b[15~\u001b[1;2P\u0007b\r")).toBe("ab");
});

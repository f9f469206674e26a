import { stripVTControlCharacters, styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Where a command writes: results on standard output, words about them on standard error. */
export interface Output {
  /** One line of the result. */
  print(line?: string): void;
  /** One line for people, beside the result. */
  note(line: string): void;
  /** The result as a document of its own. */
  json(value: unknown): void;
  /** Text in a style, where standard output shows styles (NO_COLOR and FORCE_COLOR are respected). */
  style(format: Format, text: string): string;
  /** Output of a program that is not ours: its colours stay where colours are shown, everything else that moves a terminal goes. */
  foreign(text: string): string;
}

/**
 * Writes to this process. A reader that has gone (`coder logs 4 | head`) ends it without a word.
 * @param onGone called once when nobody reads any more.
 */
export function makeOutput(onGone: () => void): Output {
  const { stdout, stderr } = process;
  let gone = false;
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" || gone) return;
      gone = true;
      onGone();
    });
  }
  const style = (format: Format, text: string): string => styleText(format, text, { stream: stdout });
  const showsStyles = style("bold", "x") !== "x";
  return {
    print: (line = "") => void (gone || stdout.write(`${line}\n`)),
    note: (line) => void (gone || stderr.write(`${line}\n`)),
    json: (value) => void (gone || stdout.write(`${JSON.stringify(value, null, 2)}\n`)),
    style,
    foreign: (text) => (showsStyles ? keepColours(text) : plain(text)),
  };
}

/** Text without escapes and control characters, for names that come from files and servers. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(controls, "");
}

// All control characters but the tab, and those that turn the direction of writing round.
const controls = /(?!\t)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
const colour = new RegExp(String.raw`(\u001b\[[\d;]*m)`);

function keepColours(text: string): string {
  // Split by a group: every second piece is a colour.
  const pieces = text.split(colour);
  if (pieces.length === 1) return plain(text);
  return `${pieces.map((piece, index) => (index % 2 === 1 ? piece : plain(piece))).join("")}\u001b[0m`;
}

/** Rows as columns that line up; the last column is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stripVTControlCharacters(cell).length);
    });
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const missing = (widths[column] ?? 0) - stripVTControlCharacters(cell).length;
        return column === row.length - 1 ? cell : cell + " ".repeat(missing);
      })
      .join("  ")
      .trimEnd(),
  );
}

/** How a piece of terminal output looks. Colours 0–15 are the palette's; `rgb` is any other. */
export interface AnsiStyle {
  color: number | string | null;
  background: number | string | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
}

export interface AnsiSpan {
  text: string;
  style: AnsiStyle;
}

const plain: AnsiStyle = {
  color: null,
  background: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
};

const ESC = String.fromCharCode(27);
const BEL = String.fromCharCode(7);
/** The same introducers and terminator in one character each (C1). */
const CSI = String.fromCharCode(0x9b);
const ST = String.fromCharCode(0x9c);
const strings = [0x90, 0x98, 0x9d, 0x9e, 0x9f].map((code) => String.fromCharCode(code)).join("");
/**
 * Escape sequences by ECMA-48: CSI (the colours among them), OSC and other strings up to their terminator, two-byte
 * escapes; then the control characters that print nothing.
 */
const sequence = new RegExp(
  [
    `(?:${ESC}\\[|${CSI})([0-9:;<=>?]*)[ -/]*([@-~])`,
    `(?:${ESC}[\\]PX^_]|[${strings}])[^${BEL}${ESC}${ST}]*(?:${BEL}|${ST}|${ESC}\\\\|$)`,
    `${ESC}[ -/]*[0-~]?`,
    // eslint-disable-next-line no-control-regex -- control characters are what this strips
    "[\\u0000-\\u0008\\u000b-\\u001a\\u001c-\\u001f\\u007f-\\u009f]",
  ].join("|"),
  "g",
);

/**
 * Characters that reorder or hide the text around them (Unicode's bidirectional controls and invisible marks): shown by
 * their number, so that a line cannot read differently from what it says. https://trojansource.codes
 */
const reordering = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

function visible(text: string): string {
  if (text.search(reordering) === -1) return text;
  const parts: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(reordering)) {
    const number = text.charCodeAt(index).toString(16).toUpperCase().padStart(4, "0");
    parts.push(text.slice(from, index), `‹U+${number}›`);
    from = index + 1;
  }
  parts.push(text.slice(from));
  return parts.join("");
}

/** What a terminal would show of a line that returned to its start: the text after the last carriage return. */
function afterReturn(line: string): string {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  const at = text.lastIndexOf("\r");
  return at === -1 ? text : text.slice(at + 1);
}

/** The line without escapes, as searched, copied and downloaded. */
export function stripAnsi(line: string): string {
  return visible(afterReturn(line).replace(sequence, ""));
}

/** The line in pieces of one look. Everything but colours and weights is stripped; nothing of it is ever markup. */
export function parseAnsi(line: string): AnsiSpan[] {
  const text = afterReturn(line);
  const spans: AnsiSpan[] = [];
  let style = plain;
  let from = 0;
  let pending = "";
  const flush = () => {
    if (pending !== "") spans.push({ text: visible(pending), style });
    pending = "";
  };
  for (const match of text.matchAll(sequence)) {
    pending += text.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[2] !== "m") continue;
    flush();
    style = applySgr(style, match[1] ?? "");
  }
  pending += text.slice(from);
  flush();
  return spans;
}

/** Select Graphic Rendition, https://en.wikipedia.org/wiki/ANSI_escape_code#SGR */
function applySgr(before: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/).map(Number);
  let style = before;
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extendedColor(codes.slice(index + 1));
      style = code === 38 ? { ...style, color } : { ...style, background: color };
      index += used;
    } else {
      style = applyCode(style, code);
    }
  }
  return style;
}

function applyCode(style: AnsiStyle, code: number): AnsiStyle {
  if (code === 0) return plain;
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 92 };
  const change = simpleCodes[code];
  return change === undefined ? style : { ...style, ...change };
}

const simpleCodes: Record<number, Partial<AnsiStyle>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  9: { strike: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  29: { strike: false },
  39: { color: null },
  49: { background: null },
};

/** The colour after 38 or 48, and how many parameters it took. */
function extendedColor(rest: number[]): [number | string | null, number] {
  if (rest[0] === 2) return [`rgb(${channel(rest[1])} ${channel(rest[2])} ${channel(rest[3])})`, 4];
  if (rest[0] !== 5) return [null, 0];
  const index = rest[1] ?? 0;
  if (index < 16) return [index, 2];
  if (index >= 232) {
    const grey = 8 + (Math.min(index, 255) - 232) * 10;
    return [`rgb(${grey} ${grey} ${grey})`, 2];
  }
  const cube = index - 16;
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const [red, green, blue] = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level);
  return [`rgb(${red} ${green} ${blue})`, 2];
}

function channel(value: number | undefined): number {
  return Math.max(0, Math.min(255, value ?? 0));
}

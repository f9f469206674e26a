export type LineEvent = { type: "line"; text: string } | { type: "interrupt" } | { type: "end" };

export interface LineEditorOptions {
  write(text: string): void;
  /** Columns of the terminal, for lines that wrap. */
  columns(): number;
  /** Possible continuations of the word before the cursor. */
  complete?(line: string): string[];
}

/** Length of a text on screen: without its escape sequences. */
function visibleLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  return Array.from(text.replaceAll(/\u001b\[[0-9;?]*[a-zA-Z]/g, "")).length;
}

const maxHistory = 500;

/**
 * The line discipline of an interactive terminal: editing keys, history, completion. Fed with what xterm sends; writes
 * the echo. Emacs bindings as in readline: https://tiswww.case.edu/php/chet/readline/readline.html
 */
export class LineEditor {
  readonly #options: LineEditorOptions;
  readonly #history: string[] = [];
  #prompt = "";
  #characters: string[] = [];
  #cursor = 0;
  #historyIndex = 0;
  #draft = "";
  #escape = "";
  /** Row of the cursor below the prompt's first row, as last drawn. */
  #row = 0;

  constructor(options: LineEditorOptions) {
    this.#options = options;
  }

  /** Shows a prompt and starts an empty line. */
  start(prompt: string): void {
    this.#prompt = prompt;
    this.#characters = [];
    this.#cursor = 0;
    this.#row = 0;
    this.#historyIndex = this.#history.length;
    this.#draw();
  }

  /** Takes input up to the first event; `rest` is what was not consumed (typed ahead). */
  feed(input: string): { event?: LineEvent; rest: string } {
    const characters = Array.from(input);
    for (const [index, character] of characters.entries()) {
      const event = this.#key(character);
      if (event !== undefined) return { event, rest: characters.slice(index + 1).join("") };
    }
    return { rest: "" };
  }

  #key(character: string): LineEvent | undefined {
    if (this.#escape !== "") return this.#continueEscape(character);
    switch (character) {
      case "\u001b":
        this.#escape = character;
        return undefined;
      case "\r":
      case "\n":
        return this.#submit();
      case "\u0003":
        this.#options.write("^C\r\n");
        return { type: "interrupt" };
      case "\u0004":
        if (this.#characters.length === 0) return { type: "end" };
        this.#delete(this.#cursor, this.#cursor + 1);
        return undefined;
      default:
        this.#edit(character);
        return undefined;
    }
  }

  #edit(character: string): void {
    switch (character) {
      case "\u007f":
      case "\b":
        return this.#delete(this.#cursor - 1, this.#cursor);
      case "\u0001":
        return this.#move(0);
      case "\u0005":
        return this.#move(this.#characters.length);
      case "\u0002":
        return this.#move(this.#cursor - 1);
      case "\u0006":
        return this.#move(this.#cursor + 1);
      case "\u000b":
        return this.#delete(this.#cursor, this.#characters.length);
      case "\u0015":
        return this.#delete(0, this.#cursor);
      case "\u0017":
        return this.#delete(this.#wordStart(), this.#cursor);
      case "\u0010":
        return this.#recall(-1);
      case "\u000e":
        return this.#recall(1);
      case "\u000c":
        this.#options.write("\u001b[2J\u001b[H");
        this.#row = 0;
        return this.#draw();
      case "\t":
        return this.#completeWord();
      default:
        if (character >= " ") this.#insert(character);
    }
  }

  /** Collects a CSI or SS3 sequence; a lone escape followed by anything else is dropped with it. */
  #continueEscape(character: string): undefined {
    this.#escape += character;
    const isComplete = this.#escape.length === 2 ? !/[[O]/.test(character) : /[a-zA-Z~]/.test(character);
    if (!isComplete) return;
    const sequence = this.#escape.slice(1).replace(/^O/, "[");
    this.#escape = "";
    if (sequence === "[A") this.#recall(-1);
    else if (sequence === "[B") this.#recall(1);
    else if (sequence === "[C") this.#move(this.#cursor + 1);
    else if (sequence === "[D") this.#move(this.#cursor - 1);
    else if (sequence === "[H" || sequence === "[1~") this.#move(0);
    else if (sequence === "[F" || sequence === "[4~") this.#move(this.#characters.length);
    else if (sequence === "[3~") this.#delete(this.#cursor, this.#cursor + 1);
    else if (sequence === "[1;5D" || sequence === "b") this.#move(this.#wordStart());
    else if (sequence === "[1;5C" || sequence === "f") this.#move(this.#wordEnd());
  }

  #submit(): LineEvent {
    const text = this.#characters.join("");
    this.#move(this.#characters.length);
    this.#options.write("\r\n");
    if (text.trim() !== "" && this.#history.at(-1) !== text) this.#history.push(text);
    if (this.#history.length > maxHistory) this.#history.shift();
    return { type: "line", text };
  }

  #insert(text: string): void {
    const isAtEnd = this.#cursor === this.#characters.length;
    this.#characters.splice(this.#cursor, 0, ...Array.from(text));
    this.#cursor += Array.from(text).length;
    const column = (visibleLength(this.#prompt) + this.#cursor) % this.#options.columns();
    // The common case costs one character; a wrap or an insertion redraws.
    if (isAtEnd && column > 0) this.#options.write(text);
    else this.#draw();
  }

  #delete(from: number, to: number): void {
    const start = Math.max(0, from);
    const end = Math.min(this.#characters.length, to);
    if (start >= end) return;
    this.#characters.splice(start, end - start);
    this.#cursor = start;
    this.#draw();
  }

  #move(to: number): void {
    const cursor = Math.min(this.#characters.length, Math.max(0, to));
    if (cursor === this.#cursor) return;
    this.#cursor = cursor;
    this.#draw();
  }

  #wordStart(): number {
    let index = this.#cursor;
    while (index > 0 && this.#characters[index - 1] === " ") index -= 1;
    while (index > 0 && this.#characters[index - 1] !== " ") index -= 1;
    return index;
  }

  #wordEnd(): number {
    let index = this.#cursor;
    while (this.#characters[index] === " ") index += 1;
    while (index < this.#characters.length && this.#characters[index] !== " ") index += 1;
    return index;
  }

  #recall(step: number): void {
    const index = this.#historyIndex + step;
    if (index < 0 || index > this.#history.length) return;
    if (this.#historyIndex === this.#history.length) this.#draft = this.#characters.join("");
    this.#historyIndex = index;
    this.#characters = Array.from(this.#history[index] ?? this.#draft);
    this.#cursor = this.#characters.length;
    this.#draw();
  }

  #completeWord(): void {
    const line = this.#characters.slice(0, this.#cursor).join("");
    const candidates = this.#options.complete?.(line) ?? [];
    const word = line.slice(line.lastIndexOf(" ") + 1);
    const common = candidates.reduce(
      (prefix, candidate) => commonPrefix(prefix, candidate),
      candidates[0] ?? "",
    );
    if (common.length > word.length) {
      const addition = common.slice(word.length);
      this.#insert(candidates.length === 1 && !common.endsWith("/") ? `${addition} ` : addition);
    } else if (candidates.length > 1) {
      this.#options.write(`\r\n${candidates.join("  ")}\r\n`);
      this.#row = 0;
      this.#draw();
    }
  }

  #draw(): void {
    const columns = this.#options.columns();
    const before = visibleLength(this.#prompt) + this.#cursor;
    const total = visibleLength(this.#prompt) + this.#characters.length;
    let text = this.#row > 0 ? `\u001b[${this.#row}A` : "";
    text += `\r\u001b[J${this.#prompt}${this.#characters.join("")}`;
    // A full last row leaves the cursor on it until the next character: step over to have one rule for rows.
    if (total > 0 && total % columns === 0) text += "\r\n";
    const up = Math.floor(total / columns) - Math.floor(before / columns);
    if (up > 0) text += `\u001b[${up}A`;
    text += "\r";
    if (before % columns > 0) text += `\u001b[${before % columns}C`;
    this.#row = Math.floor(before / columns);
    this.#options.write(text);
  }
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return a.slice(0, length);
}

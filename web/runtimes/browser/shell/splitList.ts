/** One simple command (or pipeline) of a list and what joins it to the one before. */
export interface ListPart {
  text: string;
  /** "&&", "||" or ";" before it; the first part has ";". */
  after: "&&" | "||" | ";";
  /** Whether its output goes elsewhere than to the terminal: into a pipe, a file or a substitution. */
  isRedirected: boolean;
}

const compoundWords =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|function|select|time|!|\[\[)$/;

/**
 * Splits a command line at its top-level `&&`, `||` and `;`, so that each part's output can be shown before the next
 * one starts (the shell interpreter reports only at the end). A line with compound commands, groups, functions,
 * here-documents or background jobs stays whole.
 */
export function splitList(line: string): ListPart[] {
  const whole: ListPart[] = [{ text: line, after: ";", isRedirected: true }];
  const parts: ListPart[] = [];
  let start = 0;
  let after: ListPart["after"] = ";";
  let isRedirected = false;
  let isComplex = false;

  const push = (end: number): void => {
    const text = line.slice(start, end).trim();
    if (compoundWords.test(text.split(/\s/, 1)[0] ?? "")) isComplex = true;
    if (text !== "") parts.push({ text, after, isRedirected });
    isRedirected = false;
  };

  for (let index = 0; index < line.length; index += 1) {
    const two = line.slice(index, index + 2);
    const character = two[0];
    if (character === "\\") index += 1;
    else if (character === "'" || character === '"') {
      const end = closingQuote(line, index);
      if (end === -1) return whole;
      if (character === '"' && /\$\(|`/.test(line.slice(index, end))) isRedirected = true;
      index = end;
    } else if (two === "&&" || two === "||") {
      push(index);
      after = two;
      index += 1;
      start = index + 1;
    } else if (character === ";") {
      if (two === ";;") return whole;
      push(index);
      after = ";";
      start = index + 1;
    } else if (two === "$(" || character === "`" || character === "(" || character === "{" || two === "<<") {
      // `${name}` is no group.
      if (character === "{" && line[index - 1] === "$") continue;
      return whole;
    } else if (character === "\n" || (character === "&" && line[index - 1] !== ">" && two !== "&>"))
      return whole;
    else if (character === "|" || character === ">" || character === "<") isRedirected = true;
    else if (character === "#" && (index === 0 || /\s/.test(line[index - 1] ?? ""))) break;
  }
  push(line.length);
  return isComplex || parts.length === 0 ? whole : parts;
}

function closingQuote(line: string, open: number): number {
  const quote = line[open];
  for (let index = open + 1; index < line.length; index += 1) {
    if (quote === '"' && line[index] === "\\") index += 1;
    else if (line[index] === quote) return index;
  }
  return -1;
}

/** An argument vector as one shell line. */
export function quoteArguments(words: string[]): string {
  return words
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}

/** What stands in the place of a secret. */
const mask = "***";
/** A shorter value would blank out ordinary text, and is no secret. */
const shortest = 4;
/** A line of a text of several is a secret as well if it has this many characters; shorter ones are braces and headings. */
const shortestLine = 12;
/** Longer values are looked for in pieces of this length, so that little is held back from a stream. */
const longestPiece = 512;

export interface Redactor {
  /** The whole text without secrets. For streams use `stream`. */
  text(text: string): string;
  /** The same for text that comes in pieces: a secret across a border is still found. */
  stream(): RedactedStream;
  /** The same for every string of a JSON value, also where it is a name. */
  json<T>(value: T): T;
  /** Whether a secret is in there, as bytes. */
  isIn(content: Uint8Array | string): boolean;
}

interface RedactedStream {
  /** Text that is safe to show now. The end of it may be held back while it could be the beginning of a secret. */
  push(text: string): string;
  /** What was held back; call it at the end. */
  end(): string;
}

/**
 * Replaces secrets in text, as they are and in the encodings they commonly turn up in: base64 (also inside a longer
 * base64 text, at each of the three alignments), base64url, hex, percent-encoding, escapes of JSON and XML.
 */
export function makeRedactor(secrets: Iterable<string>): Redactor {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const piece of piecesOf(secret))
      for (const form of formsOf(piece)) if (form.length >= shortest) forms.add(form);
  }
  // The longest first: one secret may contain another.
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  const pattern = patternOf(sorted);
  const bytesPattern = patternOf(sorted.map((form) => Buffer.from(form, "utf8").toString("latin1")));
  const text = (value: string): string => (pattern ? value.replace(pattern, mask) : value);
  const json = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(json);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [text(name), json(one)]));
  };
  return {
    text,
    json: <T>(value: T): T => (pattern ? (json(value) as T) : value),
    stream: () => makeStream(sorted, text),
    isIn(content) {
      if (!bytesPattern) return false;
      const bytes =
        typeof content === "string"
          ? Buffer.from(content)
          : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
      bytesPattern.lastIndex = 0;
      return bytesPattern.test(bytes.toString("latin1"));
    },
  };
}

function patternOf(forms: readonly string[]): RegExp | undefined {
  if (forms.length === 0) return undefined;
  return new RegExp(forms.map((form) => RegExp.escape(form)).join("|"), "g");
}

function makeStream(forms: readonly string[], text: (value: string) => string): RedactedStream {
  const longest = forms[0]?.length ?? 0;
  const byFirst = Map.groupBy(forms, (form) => form.charAt(0));
  /** Length of the longest end of the text that begins a secret without being a whole one. */
  const unfinished = (value: string): number => {
    for (let length = Math.min(longest - 1, value.length); length > 0; length--) {
      const candidates = byFirst.get(value.charAt(value.length - length));
      if (candidates === undefined) continue;
      const tail = value.slice(value.length - length);
      if (candidates.some((form) => form.length > length && form.startsWith(tail))) return length;
    }
    return 0;
  };
  let held = "";
  return {
    push(piece) {
      if (forms.length === 0) return piece;
      const safe = text(held + piece);
      const length = unfinished(safe);
      held = safe.slice(safe.length - length);
      return safe.slice(0, safe.length - length);
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** The value; of several lines each one as well (`grep` shows single lines); long ones cut. */
function piecesOf(secret: string): string[] {
  if (secret.trim().length < shortest) return [];
  // A line break that a secret ends with is not always printed with it.
  const whole = secret.trim() === secret ? [secret] : [secret, secret.trim()];
  const lines = /[\r\n]/.test(secret.trim())
    ? secret
        .split(/\r?\n/)
        .map((line) => line.trim())
        .filter((line) => line.length >= shortestLine)
    : [];
  return [...whole, ...lines].flatMap(cut);
}

function cut(text: string): string[] {
  if (text.length <= longestPiece) return [text];
  const pieces: string[] = [];
  for (let from = 0; from < text.length; from += longestPiece)
    pieces.push(text.slice(from, from + longestPiece));
  return pieces.filter((piece) => piece.trim().length >= shortest);
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, "utf8");
  const hex = bytes.toString("hex");
  // A cut may have halved a pair of surrogates, which has no percent-encoding.
  const encoded = encodeURIComponent(secret.toWellFormed());
  const xml = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const forms = [
    secret,
    hex,
    hex.toUpperCase(),
    encoded,
    encoded.replaceAll("%20", "+"),
    encoded.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    JSON.stringify(secret).slice(1, -1),
    xml,
    xml.replaceAll('"', "&quot;").replaceAll("'", "&apos;"),
    xml.replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
  ];
  for (const padding of [0, 1, 2]) {
    const base64 = Buffer.concat([Buffer.alloc(padding), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // Characters that hold bits of what stands before or after the secret differ from case to case.
    const start = Math.ceil((padding * 8) / 6);
    const end = Math.floor(((padding + bytes.length) * 8) / 6);
    const certain = base64.slice(start, end);
    forms.push(certain, certain.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}

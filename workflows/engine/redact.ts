/** What stands in the place of a secret. */
const mask = "***";
/** A shorter value would blank out ordinary text, and is no secret. */
const shortest = 4;

export interface Redactor {
  /** The whole text without secrets. For streams use `stream`. */
  text(text: string): string;
  /** The same for text that comes in pieces: a secret across a border is still found. */
  stream(): RedactedStream;
}

interface RedactedStream {
  /** Text that is safe to show now. The end of it may be held back while it could be the beginning of a secret. */
  push(text: string): string;
  /** What was held back; call it at the end. */
  end(): string;
}

/**
 * Replaces secrets in text, as they are and in the encodings they commonly turn up in: base64 (also inside a longer
 * base64 text, at each of the three alignments), base64url, hex, percent-encoding, JSON string escapes.
 */
export function makeRedactor(secrets: Iterable<string>): Redactor {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length >= shortest)
      for (const form of formsOf(secret)) if (form.length >= shortest) forms.add(form);
  }
  // The longest first: one secret may contain another.
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  const longest = sorted[0]?.length ?? 0;
  const pattern =
    sorted.length === 0 ? undefined : new RegExp(sorted.map((form) => RegExp.escape(form)).join("|"), "g");
  const text = (value: string): string => (pattern ? value.replace(pattern, mask) : value);

  /** Length of the longest end of the text that begins a secret without being a whole one. */
  const unfinished = (value: string): number => {
    for (let length = Math.min(longest - 1, value.length); length > 0; length--) {
      const tail = value.slice(value.length - length);
      if (sorted.some((form) => form.length > length && form.startsWith(tail))) return length;
    }
    return 0;
  };
  return {
    text,
    stream() {
      let held = "";
      return {
        push(piece) {
          if (!pattern) return piece;
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
    },
  };
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, "utf8");
  const hex = bytes.toString("hex");
  const encoded = encodeURIComponent(secret);
  const forms = [
    secret,
    hex,
    hex.toUpperCase(),
    encoded,
    encoded.replaceAll("%20", "+"),
    JSON.stringify(secret).slice(1, -1),
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
  // A line break that a secret ends with is not always printed with it.
  const trimmed = secret.trim();
  return trimmed === secret ? forms : [...forms, trimmed];
}

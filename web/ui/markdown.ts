/** A small part of Markdown (CommonMark) as data: what people write in issues. No HTML, no images: other people's text is shown, never run. */

export type Inline =
  | { kind: "text" | "code" | "strong" | "emphasis"; text: string }
  | { kind: "link"; text: string; href: string };

export type Block =
  | { kind: "paragraph"; lines: Inline[][] }
  | { kind: "heading"; level: 3 | 4 | 5; inlines: Inline[] }
  | { kind: "list"; ordered: boolean; items: Inline[][] }
  | { kind: "quote"; lines: Inline[][] }
  | { kind: "code"; text: string };

// Every repetition is bounded, so that no text takes more than linear time.
const inlinePattern =
  /`([^`\n]{1,1000})`|\*\*([^*\n]{1,500})\*\*|\*([^*\s][^*\n]{0,500})\*|\[([^\]\n[]{1,500})\]\(([^()\s]{1,2000})\)|https?:\/\/[^\s<>()"'`]{1,2000}/g;

/** The address if a click on it can do no harm: http(s), or a path of this Studio. */
export function safeHref(href: string): string | undefined {
  if (/^\/(?![/\\])/.test(href)) return href;
  if (!URL.canParse(href)) return undefined;
  const { protocol } = new URL(href);
  return protocol === "https:" || protocol === "http:" ? href : undefined;
}

export function parseInline(text: string): Inline[] {
  const inlines: Inline[] = [];
  let end = 0;
  const push = (inline: Inline) => inlines.push(inline);
  for (const match of text.matchAll(inlinePattern)) {
    if (match.index > end) push({ kind: "text", text: text.slice(end, match.index) });
    end = match.index + match[0].length;
    const [whole, code, strong, emphasis, label, address] = match;
    if (code !== undefined) push({ kind: "code", text: code });
    else if (strong !== undefined) push({ kind: "strong", text: strong });
    else if (emphasis !== undefined) push({ kind: "emphasis", text: emphasis });
    else {
      const href = safeHref(address ?? whole);
      push(href === undefined ? { kind: "text", text: whole } : { kind: "link", text: label ?? whole, href });
    }
  }
  if (end < text.length) push({ kind: "text", text: text.slice(end) });
  return inlines;
}

const bullet = /^ {0,3}[-*+] (.*)$/;
const numbered = /^ {0,3}\d{1,9}[.)] (.*)$/;
const heading = /^(#{1,6}) (.*)$/;
const quote = /^ {0,3}> ?(.*)$/;
const fence = /^ {0,3}(?:```|~~~)/;

/** The blocks of a text, in order. Whatever is not understood is a paragraph, as it was written. */
export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  let index = 0;
  /** Takes lines as long as they match; answers what the pattern's group held. */
  const takeWhile = (pattern: RegExp): Inline[][] => {
    const taken: Inline[][] = [];
    for (; index < lines.length; index += 1) {
      const found = pattern.exec(lines[index] ?? "");
      if (found === null) break;
      taken.push(parseInline(found[1] ?? ""));
    }
    return taken;
  };
  const isPlain = (line: string) =>
    line.trim() !== "" && ![bullet, numbered, heading, quote, fence].some((pattern) => pattern.test(line));
  while (index < lines.length) {
    const line = lines[index] ?? "";
    const head = heading.exec(line);
    if (line.trim() === "") index += 1;
    else if (fence.test(line)) {
      const start = index + 1;
      index = start;
      while (index < lines.length && !fence.test(lines[index] ?? "")) index += 1;
      blocks.push({ kind: "code", text: lines.slice(start, index).join("\n") });
      index += 1;
    } else if (head !== null) {
      // The page has the first two levels.
      const level = Math.min(Math.max((head[1] ?? "").length, 1) + 2, 5) as 3 | 4 | 5;
      blocks.push({ kind: "heading", level, inlines: parseInline(head[2] ?? "") });
      index += 1;
    } else if (bullet.test(line)) blocks.push({ kind: "list", ordered: false, items: takeWhile(bullet) });
    else if (numbered.test(line)) blocks.push({ kind: "list", ordered: true, items: takeWhile(numbered) });
    else if (quote.test(line)) blocks.push({ kind: "quote", lines: takeWhile(quote) });
    else {
      const start = index;
      while (index < lines.length && isPlain(lines[index] ?? "")) index += 1;
      blocks.push({ kind: "paragraph", lines: lines.slice(start, index).map(parseInline) });
    }
  }
  return blocks;
}

import type { JSX } from "solid-js";

/** Pieces of a text with every occurrence of `words` marked. */
export function marked(text: string, words: string): JSX.Element {
  if (words === "") return text;
  const parts: JSX.Element[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(words, from); at !== -1; at = lower.indexOf(words, from)) {
    parts.push(
      text.slice(from, at),
      <mark class="rounded-[2px] bg-waiting text-bg">{text.slice(at, at + words.length)}</mark>,
    );
    from = at + words.length;
  }
  parts.push(text.slice(from));
  return parts;
}

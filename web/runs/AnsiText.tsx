import { For, type JSX } from "solid-js";
import { parseAnsi, type AnsiStyle } from "../../shared/run/ansi.ts";

function colour(value: number | string | null): string | undefined {
  if (value === null) return undefined;
  return typeof value === "number" ? `var(--color-ansi-${value})` : value;
}

function styleOf(style: AnsiStyle): JSX.CSSProperties {
  const decoration = [style.underline ? "underline" : "", style.strike ? "line-through" : ""].filter(Boolean);
  return {
    color: colour(style.color),
    "background-color": colour(style.background),
    "font-weight": style.bold ? "600" : undefined,
    "font-style": style.italic ? "italic" : undefined,
    "text-decoration": decoration.length > 0 ? decoration.join(" ") : undefined,
    opacity: style.dim ? "0.75" : undefined,
  };
}

/** Pieces of a text with every occurrence of `words` marked. */
function marked(text: string, words: string): JSX.Element {
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

/** A line of terminal output with its colours; `words` (lower case) are marked. */
export function AnsiText(props: { text: string; words?: string }) {
  return (
    <For each={parseAnsi(props.text)}>
      {(span) => <span style={styleOf(span.style)}>{marked(span.text, props.words ?? "")}</span>}
    </For>
  );
}

import { For, type JSX } from "solid-js";
import { marked } from "./marked.tsx";
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

/** A line of terminal output with its colours; `words` (lower case) are marked. */
export function AnsiText(props: { text: string; words?: string }) {
  return (
    <For each={parseAnsi(props.text)}>
      {(span) => <span style={styleOf(span.style)}>{marked(span.text, props.words ?? "")}</span>}
    </For>
  );
}

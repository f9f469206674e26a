import ChevronRight from "lucide-solid/icons/chevron-right";
import { Show } from "solid-js";
import type { LogLine } from "../../shared/run/stepLog.ts";
import { AnsiText } from "./AnsiText.tsx";

export interface LogRowProps {
  /** 1-based. */
  number: number;
  line: LogLine | undefined;
  /** Lower case; occurrences are marked. */
  words: string;
  /** The URL names this line. */
  named: boolean;
  /** The search stands here. */
  found: boolean;
  /** The title of the group that begins here, or undefined. */
  group: string | undefined;
  folded: boolean;
  onNumber: () => void;
  onFold: () => void;
}

/** Of a line; a longer one would cost more to draw than anybody reads of it. */
const shownChars = 4000;

/** Made once: a formatter costs more than the row that it is for. */
const timeFormat = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hour12: false,
});

/** One line of a log: its number as a link, its text with colours, its time on hover; or the title of a group. */
export function LogRow(props: LogRowProps) {
  const time = () => (props.line === undefined ? "" : timeFormat.format(props.line.at));
  const text = () => props.line?.text ?? "";
  const hidden = () => Math.max(0, text().length - shownChars);
  return (
    <div
      class="flex h-5 w-max min-w-full leading-5 hover:bg-hover"
      classList={{ "bg-accent-soft": props.named, "bg-waiting-soft": props.found }}
      // Told when it is asked for: most rows scroll by.
      onPointerEnter={(event) => (event.currentTarget.title = time())}
    >
      <a
        href={`#L${props.number}`}
        id={`L${props.number}`}
        aria-label={`Line ${props.number}`}
        tabIndex={-1}
        onClick={(event) => {
          event.preventDefault();
          props.onNumber();
        }}
        class="tabular sticky left-0 w-14 shrink-0 bg-sunken pr-3 text-right text-muted select-none hover:text-text"
      >
        {props.number}
      </a>
      <Show
        when={props.group}
        fallback={
          <span
            dir="ltr"
            class="pr-4 whitespace-pre [unicode-bidi:isolate]"
            classList={{
              "text-muted italic": props.line?.stream === "note",
              "border-l-2 border-failed pl-2 -ml-2.5": props.line?.stream === "err",
            }}
          >
            <AnsiText text={hidden() > 0 ? text().slice(0, shownChars) : text()} words={props.words} />
            <Show when={hidden() > 0}>
              <span class="text-muted italic">
                {" "}
                … {hidden().toLocaleString("en")} more characters: download the log to read them
              </span>
            </Show>
          </span>
        }
      >
        {(title) => (
          <button
            type="button"
            aria-expanded={!props.folded}
            onClick={() => props.onFold()}
            class="flex items-center gap-1 pr-4 font-medium whitespace-pre"
          >
            <ChevronRight class={`size-3 shrink-0 ${props.folded ? "" : "rotate-90"}`} aria-hidden="true" />
            {title()}
          </button>
        )}
      </Show>
    </div>
  );
}

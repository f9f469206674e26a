import CaseSensitive from "lucide-solid/icons/case-sensitive";
import Regex from "lucide-solid/icons/regex";
import { createMemo, createSignal, For, onMount, Show } from "solid-js";
import { IconButton } from "../ui/IconButton.tsx";
import type { Studio } from "./createStudio.ts";
import { searchFiles, type FileMatch, type SearchResult } from "./searchFiles.ts";
import { textOf } from "./textOf.ts";
import { counted } from "../../shared/counted.ts";

const shownBefore = 10;
const lockFile = /(?:^|\/)(?:package-lock\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lock)$/;

type Found = { result: SearchResult } | { problem: string };

/** Words in all files of the project, as they are now. Lock files are left out. */
export function SearchPanel(props: { studio: Studio }) {
  const [words, setWords] = createSignal("");
  const [matchCase, setMatchCase] = createSignal(false);
  const [isPattern, setIsPattern] = createSignal(false);
  let field: HTMLInputElement | undefined;
  onMount(() => {
    field?.focus();
    field?.select();
  });
  const found = createMemo((): Found => {
    // Files that change while the panel is open are searched again.
    props.studio.contents();
    const { copy } = props.studio.session;
    const texts = function* () {
      for (const path of copy.paths()) {
        const text = lockFile.test(path) ? null : textOf(copy.read(path) ?? new Uint8Array());
        if (text !== null) yield [path, text] as const;
      }
    };
    try {
      return {
        result: searchFiles(texts(), { words: words(), matchCase: matchCase(), isPattern: isPattern() }),
      };
    } catch (error) {
      if (error instanceof SyntaxError) return { problem: "This is not a complete pattern." };
      throw error;
    }
  });
  const byFile = createMemo(() => {
    const now = found();
    const groups = new Map<string, FileMatch[]>();
    if ("problem" in now) return groups;
    for (const match of now.result.matches) {
      const group = groups.get(match.path);
      if (group === undefined) groups.set(match.path, [match]);
      else group.push(match);
    }
    return groups;
  });
  const summary = () => {
    const now = found();
    if ("problem" in now) return now.problem;
    if (words() === "") return "Type to search in all files.";
    const { matches, truncated } = now.result;
    if (matches.length === 0) return "Nothing found.";
    const places = matches.length === 1 ? "1 place" : `${matches.length}${truncated ? "+" : ""} places`;
    return `${places} in ${counted(byFile().size, "file")}`;
  };
  return (
    <section class="flex h-full min-h-0 flex-col" aria-label="Search in files">
      <h2 class="sr-only">Search in files</h2>
      <div class="flex shrink-0 items-center gap-1 border-b border-line p-2">
        <input
          ref={(element) => (field = element)}
          type="search"
          aria-label="Search in all files"
          placeholder="Search in files"
          value={words()}
          onInput={(event) => setWords(event.currentTarget.value)}
          class="hit w-full min-w-0 rounded-control border border-line-strong bg-surface px-2 text-sm outline-none placeholder:text-muted focus:border-focus"
        />
        <IconButton
          label="Match case"
          icon={<CaseSensitive />}
          pressed={matchCase()}
          onClick={() => setMatchCase(!matchCase())}
        />
        <IconButton
          label="Use a regular expression"
          icon={<Regex />}
          pressed={isPattern()}
          onClick={() => setIsPattern(!isPattern())}
        />
      </div>
      <p class="shrink-0 px-3 py-2 text-xs text-muted" role="status">
        {summary()}
      </p>
      <div class="min-h-0 flex-1 overflow-auto pb-2" tabIndex={-1}>
        <For each={[...byFile()]}>
          {([path, matches]) => (
            <section aria-label={path}>
              <h3 class="sticky top-0 truncate bg-bg px-3 py-1 font-mono text-xs font-medium" title={path}>
                {path}
              </h3>
              <ul>
                <For each={matches}>
                  {(match) => (
                    <li>
                      <button
                        type="button"
                        onClick={() =>
                          props.studio.openFile(path, {
                            line: match.line,
                            column: match.column,
                            length: match.length,
                          })
                        }
                        class="flex w-full gap-2 px-3 py-0.5 text-left font-mono text-xs -outline-offset-2 hover:bg-hover pointer-coarse:py-3"
                      >
                        <span class="tabular w-6 shrink-0 text-right text-muted">{match.line}</span>
                        <span class="truncate whitespace-pre">
                          <MatchText match={match} />
                        </span>
                      </button>
                    </li>
                  )}
                </For>
              </ul>
            </section>
          )}
        </For>
        <Show when={"result" in found() && (found() as { result: SearchResult }).result.truncated}>
          <p class="px-3 py-2 text-xs text-muted">The first thousand places are shown.</p>
        </Show>
      </div>
    </section>
  );
}

function MatchText(props: { match: FileMatch }) {
  /** Little before it, so that the place itself is in sight in a narrow panel. */
  const before = () => {
    const text = props.match.text.slice(0, props.match.at).trimStart();
    return text.length > shownBefore ? `…${text.slice(-shownBefore)}` : text;
  };
  const middle = () => props.match.text.slice(props.match.at, props.match.at + props.match.length);
  const after = () => props.match.text.slice(props.match.at + props.match.length);
  return (
    <>
      {before()}
      <mark class="rounded-sm bg-waiting-soft text-text">{middle()}</mark>
      {after()}
    </>
  );
}

import ArrowDownToLine from "lucide-solid/icons/arrow-down-to-line";
import ChevronDown from "lucide-solid/icons/chevron-down";
import ChevronUp from "lucide-solid/icons/chevron-up";
import Download from "lucide-solid/icons/download";
import Search from "lucide-solid/icons/search";
import { createEffect, createMemo, createSignal, on, Show } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { createCommands } from "../ui/commands.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { IconButton } from "../ui/IconButton.tsx";
import { VirtualList, type VirtualListHandle } from "../ui/VirtualList.tsx";
import { useToasts } from "../ui/Toast.tsx";
import { LogRow } from "./LogRow.tsx";
import { logRows } from "../../shared/run/logGroups.ts";
import type { LogSource } from "./logSource.ts";
import { counted } from "../../shared/counted.ts";

export interface LogViewProps {
  log: LogSource;
  /** More is coming: the view starts out following the end. */
  live: boolean;
  /** File name of the download, without ending. */
  name: string;
  /** 1-based line that the URL names. */
  line: number | null;
  onLine: (line: number) => void;
  /** Words that the URL asks to find. */
  find?: string | undefined;
}

const rowHeight = 20;

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.log`;
  link.click();
  URL.revokeObjectURL(url);
}

/** The output of one step: colours, line links, search with count, follow, copy and download. */
export function LogView(props: LogViewProps) {
  let list: VirtualListHandle | undefined;
  let searchField: HTMLInputElement | undefined;
  const toasts = useToasts();
  const [words, setWords] = createSignal(props.find ?? "");
  const [current, setCurrent] = createSignal(-1);
  const [follow, setFollow] = createSignal(props.live && props.line === null);
  const count = () => props.log.count();
  const hits = props.log.found(words);
  const found = () => hits().lines;
  const needle = () => words().toLowerCase();

  const groups = () => props.log.groups();
  const groupAt = createMemo(() => new Map(groups().map((group) => [group.start, group.title])));
  const [folded, setFolded] = createSignal<ReadonlySet<number>>(new Set());
  const rows = createMemo(() => logRows(count(), groups(), folded()));
  const toggleFold = (start: number) =>
    setFolded((before) => {
      const after = new Set(before);
      if (!after.delete(start)) after.add(start);
      return after;
    });

  /** Scrolls to a line, opening the group that it is folded into. */
  const show = (index: number) => {
    setFollow(false);
    const around = groups().find(({ start, end }) => start < index && index <= (end ?? Infinity));
    if (around !== undefined && folded().has(around.start)) toggleFold(around.start);
    list?.scrollToIndex(rows().rowOf(index));
  };
  const hitsInWords = (): string => {
    if (hits().searching) return "searching …";
    if (hits().error !== null) return "search failed";
    const all = found().length;
    return all === 0 ? "no matches" : `${Math.max(current() + 1, 1)} of ${all}`;
  };
  const goTo = (step: number) => {
    const length = found().length;
    if (length === 0) return;
    setCurrent((at) => (at + step + length) % length);
    const index = found()[current()];
    if (index !== undefined) show(index);
  };
  createEffect(on(words, () => setCurrent(-1), { defer: true }));
  // Once, when the line that the URL names is there.
  let shownLine: number | null = null;
  createEffect(() => {
    if (props.line === null || props.line === shownLine || count() < props.line) return;
    shownLine = props.line;
    const index = props.line - 1;
    queueMicrotask(() => show(index));
  });
  createEffect(
    on(
      () => props.find,
      (find) => find !== undefined && setWords(find),
      { defer: true },
    ),
  );
  // The first match of what the URL asks to find, once it is there.
  createEffect(() => {
    if (props.find === undefined || words() !== props.find || current() !== -1 || found().length === 0)
      return;
    queueMicrotask(() => goTo(1));
  });
  const save = async () => {
    try {
      download(props.name, await props.log.text());
    } catch (error) {
      toasts.fail("The log could not be downloaded", error);
    }
  };
  createCommands([
    {
      id: "log.search",
      title: "Search in the log",
      section: "Log",
      keys: "/",
      run: () => searchField?.focus(),
    },
    {
      id: "log.follow",
      title: "Follow the end of the log",
      section: "Log",
      keys: "f",
      run: () => setFollow((on) => !on),
    },
  ]);

  const row = (rowIndex: () => number) => {
    const index = createMemo(() => rows().lineOf(rowIndex()));
    const group = () => groupAt().get(index());
    return (
      <LogRow
        number={index() + 1}
        line={props.log.lineAt(index())}
        words={needle()}
        named={props.line === index() + 1}
        found={words() !== "" && found()[current()] === index()}
        group={group()}
        folded={folded().has(index())}
        onNumber={() => props.onLine(index() + 1)}
        onFold={() => toggleFold(index())}
      />
    );
  };

  return (
    <section class="flex min-h-0 flex-1 flex-col bg-sunken" aria-label="Log">
      <div class="flex h-10 shrink-0 items-center gap-1 border-b border-line bg-surface px-2">
        <label class="relative flex min-w-0 flex-1 items-center sm:max-w-64">
          <Search class="pointer-events-none absolute left-2 size-4 text-muted" aria-hidden="true" />
          <input
            ref={(element) => (searchField = element)}
            type="search"
            placeholder="Search the log"
            aria-label="Search the log"
            value={words()}
            onInput={(event) => setWords(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter") goTo(event.shiftKey ? -1 : 1);
              if (event.key === "Escape") setWords("");
            }}
            class="h-8 w-full rounded-control bg-transparent pr-2 pl-8 placeholder:text-muted hover:bg-hover focus:bg-hover"
          />
        </label>
        <Show when={words() !== ""}>
          <span class="tabular px-1 text-xs whitespace-nowrap text-muted" role="status">
            {hitsInWords()}
          </span>
          <IconButton
            label="Previous match"
            icon={<ChevronUp aria-hidden="true" />}
            onClick={() => goTo(-1)}
          />
          <IconButton label="Next match" icon={<ChevronDown aria-hidden="true" />} onClick={() => goTo(1)} />
        </Show>
        <div class="ml-auto flex items-center gap-1">
          <span class="tabular px-1 text-xs whitespace-nowrap text-muted max-sm:hidden">
            {counted(count(), "line")}
          </span>
          <CopyButton label="Copy the log" text={() => props.log.text()} />
          <IconButton
            label="Download the log"
            icon={<Download aria-hidden="true" />}
            onClick={() => void save()}
          />
          <IconButton
            label="Follow the end"
            keys="f"
            pressed={follow()}
            icon={<ArrowDownToLine aria-hidden="true" />}
            onClick={() => setFollow((on) => !on)}
          />
        </div>
      </div>
      <Show when={props.log.error()}>
        {(error) => (
          <p role="alert" class="border-b border-line bg-failed-soft px-4 py-1 text-failed">
            Some lines could not be loaded: {toCoderError(error()).message}
          </p>
        )}
      </Show>
      <Show when={hits().error}>
        {(error) => (
          <p role="alert" class="border-b border-line bg-failed-soft px-4 py-1 text-failed">
            The log could not be searched: {toCoderError(error()).message} Type on to try again.
          </p>
        )}
      </Show>
      <Show
        when={count() > 0}
        fallback={
          <p class="p-4 text-muted">{props.live ? "No output yet." : "This step printed nothing."}</p>
        }
      >
        <VirtualList
          ref={(handle) => (list = handle)}
          class="flex-1 py-2 font-mono text-xs"
          label="Log lines"
          count={rows().count}
          rowHeight={rowHeight}
          follow={follow()}
          onAtEnd={(atEnd) => setFollow(atEnd && props.live)}
          row={row}
        />
      </Show>
    </section>
  );
}

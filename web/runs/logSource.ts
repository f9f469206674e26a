import { createEffect, createMemo, createSignal, on, onCleanup, type Accessor } from "solid-js";
import { stripAnsi } from "../../shared/run/ansi.ts";
import { makeLogGroups, type LogGroup } from "../../shared/run/logGroups.ts";
import { lineAt, lineCount, logLines, type LogLine, type StepLog } from "../../shared/run/stepLog.ts";
import { makeLogSearch } from "./logSearch.ts";
import { makePagedLog, type PagedLogOptions } from "./pagedLog.ts";

/** A step's log as the view asks for it, wherever the lines are. */
export interface LogSource {
  count: Accessor<number>;
  /** A line from 0; undefined while it is being fetched. Tracked: asks again when it is there. */
  lineAt: (index: number) => LogLine | undefined;
  groups: Accessor<readonly LogGroup[]>;
  /** Looks for words, ignoring case. */
  found: (words: Accessor<string>) => Accessor<LogHits>;
  /** All of it without escapes. */
  text: () => Promise<string>;
  /** Why lines are missing. */
  error: Accessor<unknown>;
}

/** Lines that hold the words that were looked for. */
export interface LogHits {
  /** From 0, in order. */
  lines: readonly number[];
  /** There may be more: the answer is not here yet. */
  searching: boolean;
  /** Why there is no answer. */
  error: unknown;
}

const noHits: LogHits = { lines: [], searching: false, error: null };

/** The log of a run that goes on, folded from its events. */
export function createLiveLog(log: Accessor<StepLog>): LogSource {
  const search = makeLogSearch();
  const groups = makeLogGroups();
  return {
    count: createMemo(() => lineCount(log())),
    lineAt: (index) => lineAt(log(), index),
    groups: createMemo(() => groups.read(log())),
    found: (words) => createMemo(() => ({ ...noHits, lines: search.find(log(), words()) })),
    text: () => {
      const lines: string[] = [];
      for (const line of logLines(log())) lines.push(stripAnsi(line.text));
      return Promise.resolve(`${lines.join("\n")}\n`);
    },
    error: () => null,
  };
}

export interface EndedLogOptions extends Omit<PagedLogOptions, "onChange"> {
  groups: readonly LogGroup[];
  /** Asks the server which lines hold the words. */
  find: (words: string) => Promise<number[]>;
}

/** The log of a run that has ended: pages of it are fetched as they come into view. */
export function createEndedLog(options: EndedLogOptions): LogSource {
  const [version, setVersion] = createSignal(0);
  const [error, setError] = createSignal<unknown>(null);
  const log = makePagedLog({
    ...options,
    onChange: (failure) => {
      setError(failure ?? null);
      setVersion((before) => before + 1);
    },
  });
  onCleanup(log.dispose);
  return {
    count: () => options.lines,
    lineAt: (index) => {
      version();
      return log.lineAt(index);
    },
    groups: () => options.groups,
    found: (words) => createServerSearch(words, options.find),
    text: async () => {
      const lines = await log.all();
      return `${lines.map((line) => stripAnsi(line.text)).join("\n")}\n`;
    },
    error,
  };
}

const typingMs = 150;

function createServerSearch(
  words: Accessor<string>,
  find: (words: string) => Promise<number[]>,
): Accessor<LogHits> {
  const [hits, setHits] = createSignal(noHits);
  createEffect(
    on(words, (wanted) => {
      setHits({ ...noHits, searching: wanted !== "" });
      if (wanted === "") return;
      let current = true;
      const timer = setTimeout(() => {
        find(wanted).then(
          (lines) => current && setHits({ ...noHits, lines }),
          (error: unknown) => current && setHits({ ...noHits, error }),
        );
      }, typingMs);
      onCleanup(() => {
        current = false;
        clearTimeout(timer);
      });
    }),
  );
  return hits;
}

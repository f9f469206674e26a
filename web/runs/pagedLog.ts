import { unpackPage, type PackedPage } from "../../shared/run/packedLog.ts";
import type { LogLine } from "../../shared/run/stepLog.ts";

type Page = Pick<PackedPage, "firstLine" | "lines" | "body" | "marks">;

export interface PagedLogOptions {
  /** How many lines it has. */
  lines: number;
  /** Pages that hold the lines from `from` to `to`, counted from 0; may stop short of `to`. */
  fetch: (from: number, to: number) => Promise<Page[]>;
  /** Pages that are there from the beginning. */
  known?: readonly Page[];
  /** More lines are there, or (with a failure) could not be fetched. */
  onChange: (failure?: unknown) => void;
}

export interface PagedLog {
  /** A line from 0; one that is not there yet is fetched, and `onChange` tells when it has come. */
  lineAt: (index: number) => LogLine | undefined;
  /** Every line, fetching what is missing. */
  all: () => Promise<readonly LogLine[]>;
  dispose: () => void;
}

/** Lines asked for around one that is missing: about a page, so that scrolling on finds them there. */
const around = 1000;
/** So many lines before what is looked at leaves what is there, the next are asked for: scrolling on finds them. */
const ahead = 500;
/** After a failure the same lines are asked for again when they are still wanted. */
const retryMs = 2000;

/** A log of which only what has been looked at is in memory. */
export function makePagedLog(options: PagedLogOptions): PagedLog {
  const { lines: count } = options;
  const lines = Array.from<LogLine | undefined>({ length: count });
  /** Lines, in thousands, that a request is under way for. */
  const asked = new Set<number>();
  let wanted = new Set<number>();
  let disposed = false;

  const take = (pages: readonly Page[]) => {
    for (const page of pages)
      for (const [offset, line] of unpackPage(page).entries()) lines[page.firstLine + offset] = line;
  };

  take(options.known ?? []);

  const fetchWanted = async () => {
    const parts = [...wanted].filter((part) => !asked.has(part)).sort((a, b) => a - b);
    wanted = new Set();
    const [first] = parts;
    const last = parts.at(-1);
    if (first === undefined || last === undefined || disposed) return;
    for (const part of parts) asked.add(part);
    const release = () => {
      for (const part of parts) asked.delete(part);
    };
    try {
      take(await options.fetch(first * around, Math.min(count, (last + 1) * around) - 1));
      release();
      if (!disposed) options.onChange();
    } catch (error) {
      setTimeout(release, retryMs);
      if (!disposed) options.onChange(error);
    }
  };

  const want = (index: number) => {
    if (index < 0 || index >= count || lines[index] !== undefined) return;
    const part = Math.floor(index / around);
    if (asked.has(part) || disposed) return;
    if (wanted.size === 0) queueMicrotask(() => void fetchWanted());
    wanted.add(part);
  };

  return {
    lineAt: (index) => {
      if (index >= 0 && index < count) for (const near of [index, index + ahead, index - ahead]) want(near);
      return lines[index];
    },
    all: async () => {
      for (
        let missing = lines.indexOf(undefined);
        missing !== -1;
        missing = lines.indexOf(undefined, missing)
      ) {
        const pages = await options.fetch(missing, count - 1);
        take(pages);
        if (lines[missing] === undefined)
          throw new Error(`Line ${missing + 1} of the log is not there any more.`);
      }
      options.onChange();
      return lines.filter((line) => line !== undefined);
    },
    dispose: () => {
      disposed = true;
    },
  };
}

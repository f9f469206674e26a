import { lineAt, lineCount, type StepLog } from "../../shared/run/stepLog.ts";
import { stripAnsi } from "../../shared/run/ansi.ts";

/** Indices of lines that contain the words searched for, ignoring case. */
export interface LogSearch {
  find: (log: StepLog, words: string) => readonly number[];
}

/**
 * A search that remembers how far it has looked: while a log grows, only its new lines are read, so that a search
 * in a live log of 200,000 lines costs the same per update as in a short one.
 */
export function makeLogSearch(): LogSearch {
  let words = "";
  let found: number[] = [];
  let searchedTo = 0;
  return {
    find: (log, wanted) => {
      const needle = wanted.toLowerCase();
      if (needle !== words || log.length < searchedTo) {
        words = needle;
        found = [];
        searchedTo = 0;
      }
      if (needle === "") return [];
      const hits = (index: number) =>
        stripAnsi(lineAt(log, index)?.text ?? "")
          .toLowerCase()
          .includes(needle);
      for (; searchedTo < log.length; searchedTo += 1) if (hits(searchedTo)) found.push(searchedTo);
      // An unfinished line may still change, so it is looked at anew each time.
      const open: number[] = [];
      for (let index = log.length; index < lineCount(log); index += 1) if (hits(index)) open.push(index);
      return [...found, ...open];
    },
  };
}

import { formatWithOptions, inspect } from "./inspect.ts";

export interface ConsoleOutput {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** Column-aligned rows as `console.table` draws them. */
function table(data: unknown): string {
  if (typeof data !== "object" || data === null) return inspect(data);
  const rows = Object.entries(data as Record<string, unknown>);
  const columns = [
    ...new Set(rows.flatMap(([, row]) => (typeof row === "object" && row !== null ? Object.keys(row) : []))),
  ];
  const hasValues = rows.some(([, row]) => typeof row !== "object" || row === null);
  const header = ["(index)", ...columns, ...(hasValues ? ["Values"] : [])];
  const cells = rows.map(([index, row]) => {
    const isObject = typeof row === "object" && row !== null;
    const record = (isObject ? row : {}) as Record<string, unknown>;
    const own = columns.map((column) => (column in record ? inspect(record[column], { depth: 0 }) : ""));
    return [index, ...own, ...(hasValues ? [isObject ? "" : inspect(row)] : [])];
  });
  const widths = header.map(
    (title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)) + 2,
  );
  const line = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => "─".repeat(width)).join(middle) + right;
  const show = (row: string[]): string =>
    `│${row.map((cell, column) => ` ${cell}`.padEnd(widths[column] ?? 0)).join("│")}│`;
  return [
    line("┌", "┬", "┐"),
    show(header),
    line("├", "┼", "┤"),
    ...cells.map(show),
    line("└", "┴", "┘"),
  ].join("\n");
}

/** Node's global console, printing to the process's own streams. */
export function createConsole(output: ConsoleOutput): Partial<Console> {
  let indent = "";
  const counts = new Map<string, number>();
  const timers = new Map<string, number>();
  const print = (stream: keyof ConsoleOutput, args: unknown[]): void => {
    const text = formatWithOptions({ colors: true }, ...args);
    output[stream](`${indent === "" ? text : text.replaceAll(/^/gm, indent)}\n`);
  };
  const out = (...args: unknown[]): void => print("stdout", args);
  const err = (...args: unknown[]): void => print("stderr", args);
  const elapsed = (label: string): string =>
    `${label}: ${(performance.now() - (timers.get(label) ?? performance.now())).toFixed(3)}ms`;
  return {
    log: out,
    info: out,
    debug: out,
    warn: err,
    error: err,
    dir: (value: unknown, options?: object) => out(inspect(value, options)),
    table: (data: unknown) => out(table(data)),
    trace: (...args: unknown[]) =>
      err(
        `Trace: ${formatWithOptions({}, ...args)}\n${new Error("trace").stack?.split("\n").slice(2).join("\n") ?? ""}`,
      ),
    assert: (condition?: boolean, ...args: unknown[]) => {
      if (condition !== true && !condition)
        err(...(args.length === 0 ? ["Assertion failed"] : ["Assertion failed:", ...args]));
    },
    group: (...args: unknown[]) => {
      if (args.length > 0) out(...args);
      indent += "  ";
    },
    groupCollapsed: (...args: unknown[]) => {
      if (args.length > 0) out(...args);
      indent += "  ";
    },
    groupEnd: () => void (indent = indent.slice(2)),
    count: (label = "default") => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      out(`${label}: ${counts.get(label)}`);
    },
    countReset: (label = "default") => void counts.delete(label),
    time: (label = "default") => void timers.set(label, performance.now()),
    timeLog: (label = "default", ...args: unknown[]) => out(elapsed(label), ...args),
    timeEnd: (label = "default") => {
      out(elapsed(label));
      timers.delete(label);
    },
    clear: () => output.stdout("\u001b[2J\u001b[H"),
  };
}

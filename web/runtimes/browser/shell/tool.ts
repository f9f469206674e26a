import type { ShellOptions } from "../kernelParts.ts";

/** Where a command's text goes: straight to the terminal, or into the pipe or file it was redirected to. */
export interface Output {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** What a command of ours gets to run in. */
export interface ToolContext {
  parts: ShellOptions;
  /** Absolute, e.g. "/project/src". */
  cwd: string;
  env: Record<string, string>;
  out: Output;
  signal: AbortSignal;
  /** Content of a pipe or here-document, "" without one. */
  stdin: string;
  /** Lines that are typed while the command runs. Returns the function that stops listening. */
  onInput(listener: (text: string) => void): () => void;
  size(): { cols: number; rows: number };
  /** Whether another command follows in the same list ("tsc && vite build"). */
  isFollowed: boolean;
  /** Runs a command line with the same output and signal; resolves with its exit code. */
  run(line: string, options?: { cwd?: string; env?: Record<string, string> }): Promise<number>;
}

/** A command of the runtime. Resolves with its exit code; a thrown `CoderError` is printed and is exit code 1. */
export interface Tool {
  name: string;
  run(args: string[], context: ToolContext): Promise<number>;
}

/** Exit code of a command that was stopped by Ctrl-C: 128 + SIGINT. */
export const interruptedCode = 130;

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

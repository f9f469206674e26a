import { CoderError } from "../../../shared/errors.ts";
import type { PreviewFailure } from "../runtime.ts";

/** A failure of the project's own code, as the error that the port's methods throw: the failure is in `details`. */
export function buildFailure(failure: Omit<PreviewFailure, "type">, cause?: unknown): CoderError {
  const details: PreviewFailure = { type: "build", ...failure };
  return new CoderError("bad_input", failure.message, { details, cause });
}

/** The `PreviewFailure` inside a thrown value; anything else becomes one of `fallbackType`. */
export function failureOf(thrown: unknown, fallbackType: PreviewFailure["type"] = "build"): PreviewFailure {
  if (thrown instanceof CoderError && isPreviewFailure(thrown.details)) return thrown.details;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    type: fallbackType,
    message: error.message,
    ...(error.stack === undefined ? {} : { detail: error.stack }),
  };
}

function isPreviewFailure(value: unknown): value is PreviewFailure {
  return typeof value === "object" && value !== null && "type" in value && "message" in value;
}

/** 1-based line and column of an offset (UTF-16 code units) in a text. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, offset));
  const line = before.split("\n").length;
  return { line, column: before.length - before.lastIndexOf("\n") };
}

/** The lines around a position with a caret under it, as compilers print them. */
export function codeFrame(text: string, position: { line: number; column: number }): string {
  const lines = text.split("\n");
  const first = Math.max(1, position.line - 2);
  const last = Math.min(lines.length, position.line + 2);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const mark = number === position.line ? ">" : " ";
    frame.push(`${mark} ${String(number).padStart(width)} | ${lines[number - 1] ?? ""}`);
    if (number === position.line) frame.push(`  ${" ".repeat(width)} | ${" ".repeat(position.column - 1)}^`);
  }
  return frame.join("\n");
}

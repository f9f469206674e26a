import { z } from "zod";
import { CoderError } from "../../../../shared/errors.ts";
import type { PreviewFailure } from "../../runtime.ts";
import type { ProjectFs } from "../kernelParts.ts";

const dependencyMap = z.record(z.string(), z.string()).optional();

const manifestSchema = z.looseObject({
  name: z.string().optional(),
  version: z.string().optional(),
  scripts: z.record(z.string(), z.string()).optional(),
  dependencies: dependencyMap,
  devDependencies: dependencyMap,
  optionalDependencies: dependencyMap,
  overrides: z.record(z.string(), z.unknown()).optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** 1-based position of the character at `index`. */
function positionAt(text: string, index: number): { line: number; column: number } {
  const before = text.slice(0, index).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

function unreadable(text: string, message: string, cause: unknown): CoderError {
  const offset = cause instanceof SyntaxError ? /position (\d+)/.exec(cause.message)?.[1] : undefined;
  const failure: PreviewFailure = {
    type: "install",
    message,
    file: "package.json",
    ...(offset === undefined ? {} : positionAt(text, Number(offset))),
    detail: cause instanceof Error ? cause.message : String(cause),
    remedy: { label: "Open package.json", action: "open-file" },
  };
  return new CoderError("bad_input", message, { cause, details: failure });
}

/**
 * The project's package.json, or undefined if there is none. Throws `bad_input` with a `PreviewFailure` that points at
 * the mistake.
 */
export function readManifest(fs: ProjectFs): { manifest: Manifest; text: string } | undefined {
  if (!fs.exists("package.json")) return undefined;
  const text = fs.readText("package.json");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(text, "package.json is not valid JSON.", cause);
  }
  const result = manifestSchema.safeParse(json);
  if (result.success) return { manifest: result.data, text };
  const issue = result.error.issues[0];
  throw unreadable(
    text,
    `package.json: "${issue?.path.join(".") ?? ""}" is not what it should be.`,
    result.error,
  );
}

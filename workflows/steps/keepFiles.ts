import { createHash } from "node:crypto";
import { CoderError } from "../../shared/errors.ts";
import { matchesPath, normalizePath } from "../../shared/policy/decidePath.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { StepContext } from "./step.ts";

const maxFiles = 200;
const maxFileBytes = 32 * 1024 * 1024;
const maxBytes = 256 * 1024 * 1024;
const maxNameChars = 1000;
/** Characters that turn the direction of text: a name that holds one reads as another. */
const turning = /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

/**
 * Keeps the files that a step's `artifacts` name, each with its sha-256. Regular files only: a link is not followed, and
 * is no file. Answers why they cannot be kept, or undefined.
 */
export async function keepFiles(
  context: StepContext,
  sandbox: Sandbox,
  patterns: readonly string[],
): Promise<{ code: "output_invalid" | "policy_denied"; message: string } | undefined> {
  if (patterns.length === 0) return undefined;
  const invalid = (message: string) => ({ code: "output_invalid" as const, message });
  const listed = await sandbox.list(".", { maxFiles: 200_000, skip: [".git"] }).catch(tooMany);
  if (listed === undefined) return invalid("The checkout holds too many files to look for artifacts in.");
  const matches = (path: string, pattern: string): boolean =>
    // Patterns pass over line breaks; a name that holds one is to be refused, not overlooked.
    matchesPath(path.replaceAll(/\p{Cc}/gu, "_"), pattern, { ignoreCase: false });
  for (const pattern of patterns)
    if (!listed.some(({ path }) => matches(path, pattern)))
      context.log("note", `No file matches the artifact ${pattern}.\n`);
  const files = listed.filter(({ path }) => patterns.some((pattern) => matches(path, pattern)));
  if (files.length > maxFiles)
    return invalid(`${files.length} files match its artifacts, more than ${maxFiles}; pack them into one.`);
  let total = 0;
  for (const { path } of files) {
    const problem = nameProblem(path);
    if (problem !== undefined)
      return invalid(`The artifact ${JSON.stringify(path.slice(0, 200))} is refused: ${problem}.`);
    const bytes = await sandbox.read(path, Math.min(maxFileBytes, maxBytes - total)).catch(tooMany);
    if (bytes === undefined)
      return invalid(`The artifact ${path} is too large: ${maxFileBytes} bytes a file, ${maxBytes} a step.`);
    total += bytes.byteLength;
    if (context.secrets.isIn(bytes)) {
      const message = `The file ${path} holds a secret of the run, so it is not kept as an artifact.`;
      await context.denied("secrets.artifact", message);
      return { code: "policy_denied", message };
    }
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await context.artifact({
      kind: "file",
      name: path,
      bytes,
      // Another attempt may make another file of that name.
      version: sha256,
    });
  }
  return undefined;
}

/** Why a file cannot be an artifact by that name: it will be written elsewhere, and shown to people. */
function nameProblem(path: string): string | undefined {
  const normal = normalizePath(path);
  if (!normal.ok) return normal.reason;
  if (path.length > maxNameChars) return `its name has more than ${maxNameChars} characters`;
  return turning.test(path) ? "it holds characters that turn the direction of text" : undefined;
}

/** Too large, or gone meanwhile. */
function tooMany(error: unknown): undefined {
  if (!(error instanceof CoderError) || (error.code !== "too_large" && error.code !== "not_found"))
    throw error;
}

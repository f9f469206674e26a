import { lintWorkflow } from "../../../shared/workflow/parseWorkflow.ts";
import { problemText } from "../../../shared/workflow/problemText.ts";
import { maxBytes } from "../../../shared/workflow/workflowSource.ts";
import type { Tree } from "../forge.ts";
import type { RefMove } from "./refMove.ts";

const workflowFile = /^\.coder\/workflows\/[^/]+\.(?:ya?ml|json)$/;
const maxLines = 20;
/** A mirror of thousands of branches must not hold its push; each is linted again before it runs. */
const maxBranches = 10;
const maxFiles = 100;

interface PushedRepository {
  tree(ref: string): Promise<Tree>;
  blob(ref: string, path: string): Promise<Uint8Array>;
}

/**
 * What the linter says of the workflow files that a push changed, one problem a line. The push stands: to refuse it
 * would keep work out that is only half done, and a file with an error does not run anyway.
 */
export async function lintPush(repository: PushedRepository, moves: readonly RefMove[]): Promise<string[]> {
  const lines: string[] = [];
  for (const { before, after } of moves.slice(0, maxBranches)) {
    if (after === null) continue;
    const known = new Set(before === null ? [] : await workflowBlobs(repository, before));
    const { entries } = await repository.tree(after);
    const changed = entries.filter(
      ({ path, sha }) => workflowFile.test(path) && !known.has(`${path} ${sha}`),
    );
    for (const { path, size } of changed.slice(0, maxFiles)) {
      // A file that is too large is told of without being read.
      const source = size > maxBytes ? new Uint8Array(maxBytes + 1) : await repository.blob(after, path);
      lines.push(...lintWorkflow(source, { path }).map((problem) => problemText(path, problem)));
    }
  }
  const unique = [...new Set(lines)].map(plain);
  if (unique.length <= maxLines) return unique;
  return [...unique.slice(0, maxLines), `and ${unique.length - maxLines} more problems in workflow files`];
}

async function workflowBlobs(repository: PushedRepository, ref: string): Promise<string[]> {
  const { entries } = await repository.tree(ref);
  return entries.filter(({ path }) => workflowFile.test(path)).map(({ path, sha }) => `${path} ${sha}`);
}

/** Text of a stranger on somebody's terminal: without what moves its cursor or colours it. */
function plain(line: string): string {
  const text = line.replace(/[\p{Cc}\p{Cf}]/gu, "?");
  return text.length > 400 ? `${text.slice(0, 399)}…` : text;
}

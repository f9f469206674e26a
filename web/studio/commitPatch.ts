import { createTwoFilesPatch } from "diff";
import { z } from "zod";
import { CoderError, toCoderError } from "../../shared/errors.ts";
import type { Api, Outputs } from "../api.ts";
import { fromBase64 } from "./studioSession.ts";
import { textOf } from "./textOf.ts";

export type Commit = Outputs["files"]["log"]["commits"][number];

const diffSchema = z.object({ patch: z.string(), truncated: z.boolean() });
const failureSchema = z.object({ error: z.object({ message: z.string() }) });

export interface CommitPatchOptions {
  api: Api;
  projectId: string;
  accessToken: () => Promise<string | null>;
  fetch?: typeof fetch;
}

/** What a commit changed against its first parent, as a unified diff; every file as new for the first commit. */
export async function commitPatch(
  commit: Commit,
  options: CommitPatchOptions,
): Promise<{ patch: string; truncated: boolean }> {
  const [parent] = commit.parents;
  if (parent === undefined) return firstCommitPatch(commit, options);
  const token = await options.accessToken();
  const query = new URLSearchParams({ base: parent, head: commit.sha });
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(`/forge/v1/${options.projectId}/diff?${query.toString()}`, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
  } catch (error) {
    throw new CoderError("unavailable", "The server does not answer.", { cause: error });
  }
  const body: unknown = await response.json().catch((error: unknown) => {
    throw new CoderError("internal", `The server answered ${response.status} without a diff.`, {
      cause: toCoderError(error),
    });
  });
  if (response.ok) return diffSchema.parse(body);
  const failure = failureSchema.safeParse(body);
  throw new CoderError(
    response.status === 404 ? "not_found" : "unavailable",
    failure.success ? failure.data.error.message : `The server answered ${response.status}.`,
  );
}

async function firstCommitPatch(
  commit: Commit,
  { api, projectId }: CommitPatchOptions,
): Promise<{ patch: string; truncated: boolean }> {
  const { files, skipped } = await api.files.all.query({ projectId, ref: commit.sha });
  const patches = files.flatMap(({ path, content }) => {
    const text = textOf(fromBase64(content));
    return text === null ? [] : [createTwoFilesPatch("/dev/null", `b/${path}`, "", text)];
  });
  return { patch: patches.join("\n"), truncated: skipped.length > 0 };
}

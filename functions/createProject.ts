import { toCoderError } from "../shared/errors.ts";
import type { SignedIn } from "./context.ts";
import { becomeService } from "./context.ts";
import type { ForgeClient } from "./forgeClient.ts";
import { forgeOf } from "./forgeOf.ts";
import { deleteProject } from "./sql/deleteProject.ts";
import { insertProject } from "./sql/insertProject.ts";
import { requireOrgRole } from "./sql/requireOrgRole.ts";

export interface ProjectIntent {
  /** Made by the client once per intent: the second call of one intent makes nothing new. */
  id: string;
  orgId: string;
  name: string;
  source: string;
}

/**
 * Makes a project: the row first, because the forge asks it who may write, then the repository by `fill`.
 * Where the repository cannot be made, the row goes again, so that the user sees both or neither.
 * On a repository that has commits `fill` changes nothing or answers `conflict`.
 */
export async function createProject(
  caller: SignedIn,
  intent: ProjectIntent,
  fill: (forge: ForgeClient) => Promise<void>,
): Promise<{ id: string; slug: string; orgSlug: string }> {
  const { slug, orgSlug, isNew } = await caller.asCaller(async (tx) => {
    await requireOrgRole(tx, { orgId: intent.orgId, userId: caller.userId, atLeast: "member" });
    return insertProject(tx, { ...intent, createdBy: caller.userId });
  });
  const forge = forgeOf(caller, intent.id);
  try {
    await fill(forge);
  } catch (thrown) {
    const error = toCoderError(thrown);
    if (error.code !== "conflict" || !(await hasCommits(forge))) {
      if (isNew) await takeBack(caller, intent.id);
      throw error;
    }
    // Another call of this intent has filled it.
  }
  return { id: intent.id, slug, orgSlug };
}

async function hasCommits(forge: ForgeClient): Promise<boolean> {
  return (await forge.refs()).refs.length > 0;
}

/** The creator may be no admin and so may not delete; the server undoes its own half. */
async function takeBack(caller: SignedIn, id: string): Promise<void> {
  try {
    await forgeOf(caller, id).remove();
  } catch (error) {
    // The repository is what failed: a directory that nobody can reach may be left. The row must go all the same.
    caller.deps.logError(error, { path: "createProject.takeBack" });
  }
  await caller.asCaller(async (tx) => {
    await becomeService(tx);
    await deleteProject(tx, id);
  });
}

import { parseWorkflow } from "../shared/workflow/parseWorkflow.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { requireProject } from "./sql/requireProject.ts";
import type { SecretReference } from "./views.ts";

const workflowFile = /^\.coder\/workflows\/[^/]+\.(?:ya?ml|json)$/;
const maxFiles = 100;

/** Which workflows of the default branch name which secrets, in their policy or to verify a webhook. */
export async function listSecretReferences(caller: SignedIn, projectId: string): Promise<SecretReference[]> {
  const project = await caller.asCaller((tx) => requireProject(tx, projectId));
  const forge = forgeOf(caller, project.id);
  if ((await forge.refs()).head === null) return [];
  const { commit, entries } = await forge.tree(project.defaultBranch);
  const paths = entries.map((entry) => entry.path).filter((path) => workflowFile.test(path));
  const references = await Promise.all(
    paths.slice(0, maxFiles).map(async (path) => {
      const parsed = parseWorkflow(await forge.blob(commit, path), { path });
      if (!parsed.ok) return { path, workflow: path, names: [] };
      const { workflow } = parsed;
      const signing = workflow.triggers.flatMap((trigger) =>
        trigger.type === "webhook" ? [trigger.secret_ref] : [],
      );
      const names = [...new Set([...workflow.policies.secrets.allowed, ...signing])].sort();
      return { path, workflow: workflow.name, names };
    }),
  );
  return references.filter((reference) => reference.names.length > 0);
}

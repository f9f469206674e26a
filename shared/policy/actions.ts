/**
 * Gated actions: every effect outside the sandbox has one of these names, and policy decides by name.
 * A gate in a file (`require_human_approval_for`) names an action, or a family of them: `secret.use:*`.
 */
export const simpleActions = [
  "deploy.preview",
  "deploy.prod",
  "release.tag",
  "pull_request.open",
  "pull_request.merge",
  "push.protected",
] as const;
export type SimpleAction = (typeof simpleActions)[number];

/** An action as a gate may name it; `secret.use:` and `path.write:` carry a name or glob. */
export type ActionName = SimpleAction | `secret.use:${string}` | `path.write:${string}`;

/** The forms that a gate may take, for hints. */
export const actionForms = [...simpleActions, "secret.use:<NAME>", "path.write:<glob>"] as const;

/** Why a text of `require_human_approval_for` names no action, or undefined. */
export function actionNameProblem(text: string): string | undefined {
  if ((simpleActions as readonly string[]).includes(text)) return undefined;
  const argument = /^(secret\.use|path\.write):(.*)$/s.exec(text);
  if (argument === null) return `"${text}" is not an action that can be gated`;
  if (argument[1] === "secret.use") {
    return /^([A-Za-z_][A-Za-z0-9_]*|\*)$/.test(argument[2] ?? "")
      ? undefined
      : `"${text}" does not name a secret`;
  }
  return globProblem(argument[2] ?? "");
}

/** Why a path pattern can mean nothing inside a repository, or undefined. */
export function globProblem(glob: string): string | undefined {
  if (glob === "") return "the path pattern is empty";
  if (/\p{Cc}/u.test(glob)) return "the path pattern holds a control character";
  if (glob.includes("\\")) return `"${glob}" has a backslash: paths are written with /`;
  if (glob.startsWith("/")) return `"${glob}" starts with /: paths start at the repository's root without it`;
  return glob.split("/").includes("..") ? `"${glob}" leaves the repository` : undefined;
}

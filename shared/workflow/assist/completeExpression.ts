/** What is known of a file when an expression in it is completed. */
export interface ExpressionNames {
  variables: readonly string[];
  inputs: readonly string[];
  steps: readonly string[];
  secrets: readonly string[];
}

const fields: Record<string, readonly string[]> = {
  project: ["provider", "owner", "repo", "ref"],
  run: ["id", "number", "commit", "trigger", "attempt"],
  event: [
    "event", "branch", "commit", "actor", "paths", "labels", "label", "push", "pull_request", "issue", "comment", "check",
  ],
  "event.actor": ["id", "name", "bot"],
  "event.push": ["before", "after", "commits"],
  "event.pull_request": [
    "number", "title", "body", "draft", "head", "base", "headCommit", "labels", "author", "merged", "mergedCommit",
  ],
  "event.issue": ["number", "title", "body", "state", "labels", "author"],
  "event.comment": ["id", "body", "author"],
  "event.check": ["name", "status", "commit", "url"],
}; // prettier-ignore

const plainName = /^[A-Za-z_]\w*$/;

/** Names that may go on at the end of `before`; `typed` is how many characters of one are there already. */
export function completeExpression(
  before: string,
  names: ExpressionNames,
): { options: readonly string[]; typed: number } {
  const chain = /(?:([A-Za-z_][\w.[\]"'-]*?)(\.\??|\[["']))?([\w-]*)$/.exec(before);
  const [, owner, joint, typed = ""] = chain ?? [];
  if (owner === undefined) {
    const word = /[A-Za-z_]\w*$/.exec(before)?.[0] ?? "";
    return { options: [...names.variables, "has", "size", "true", "false"], typed: word.length };
  }
  const options = membersOf(owner, names);
  const quoted = joint?.startsWith("[") === true;
  return { options: quoted ? options : options.filter((name) => plainName.test(name)), typed: typed.length };
}

function membersOf(owner: string, names: ExpressionNames): readonly string[] {
  if (owner === "inputs") return names.inputs;
  if (owner === "secrets") return names.secrets;
  if (owner === "steps") return names.steps;
  if (/^steps(?:\.\w+|\[["'][^"']*["']\])$/.test(owner)) return ["status", "outputs"];
  return fields[owner] ?? [];
}

import { actionForms } from "../../policy/actions.ts";

/** Names that the file itself does not hold. */
export interface KnownNames {
  /** Secrets of the project. */
  secrets: readonly string[];
  /** Paths of the project's workflow files. */
  workflows: readonly string[];
}

/**
 * Names that are known from elsewhere in the file or the project, for a place of the language that takes them; null for
 * any other place. `steps`: what the file's steps are called.
 */
export function namesAtPlace(
  path: readonly (string | number)[],
  { known, steps }: { known: KnownNames; steps: readonly string[] },
): readonly string[] | null {
  switch (path.map((part) => (typeof part === "number" ? "*" : part)).join(".")) {
    case "policies.secrets.allowed.*":
    case "triggers.*.secret_ref":
      return known.secrets;
    case "policies.gates.require_human_approval_for.*":
      return actionForms.map((form) => form.replace(/<.*>/, ""));
    case "policies.gates.approvers.*":
      return ["role:owner", "role:admin", "role:member"];
    case "policies.checks.required.*":
      return steps;
    case "policies.network.allowed_domains.*":
      return ["registry"];
    case "triggers.*.timezone":
      return ["UTC", ...Intl.supportedValuesOf("timeZone")];
    case "triggers.*.workflow":
      return known.workflows.map((file) => file.split("/").at(-1) ?? file);
    default:
      return null;
  }
}

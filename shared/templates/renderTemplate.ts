import type { Stack } from "./stack.ts";

/** A workflow to start from. */
export interface WorkflowTemplate {
  /** Its file is `.coder/workflows/<id>.yaml`. */
  id: string;
  title: string;
  /** What it does for whom, in one or two sentences. */
  description: string;
  /** Whether a step of it is done by an agent, which needs a model. */
  agent: boolean;
  /**
   * The file, with a stack's commands as `{{install}}`, `{{test}}` … on a step's own line. A step whose command the
   * project does not have is left out. `{{domains}}` are the hosts that they reach.
   */
  yaml: string;
}

/** A line that makes sense only with another command's step. */
const companion = / # with (\w+)$/;
const placeholder = /\{\{(install|test|build|lint|update|repair|publish)\}\}/;

/** The template's file for a project of this stack. */
export function renderTemplate(template: WorkflowTemplate, stack: Stack): string {
  return template.yaml
    .split("\n")
    .flatMap((line) => {
      const name = (placeholder.exec(line)?.[1] ?? companion.exec(line)?.[1]) as keyof Stack | undefined;
      const command = name === undefined ? undefined : stack[name];
      if (command === null) return [];
      const text =
        typeof command === "string" ? line.replace(placeholder, () => JSON.stringify(command)) : line;
      return [text.replace("{{domains}}", stack.domains.join(", ")).replace(/ # (needed|with \w+)$/, "")];
    })
    .join("\n");
}

const lacks = {
  install: "nothing that installs its dependencies",
  test: "no command that runs its tests",
  build: "no command that builds it",
  lint: "no command that lints it",
  update: "no command that raises its dependencies",
  repair: "no command that raises vulnerable dependencies alone",
  publish: "no command that publishes it",
} as const;

/** What the project lacks of what the template is about, to go on after "The project has"; empty where it fits. */
export function missingFor(template: WorkflowTemplate, stack: Stack): string[] {
  return template.yaml.split("\n").flatMap((line) => {
    const name = placeholder.exec(line)?.[1] as keyof typeof lacks | undefined;
    return name === undefined || !line.includes("# needed") || stack[name] !== null ? [] : [lacks[name]];
  });
}

/** Whether the project has what the template is about: one without an update command cannot bump dependencies. */
export function templateFits(template: WorkflowTemplate, stack: Stack): boolean {
  return missingFor(template, stack).length === 0;
}

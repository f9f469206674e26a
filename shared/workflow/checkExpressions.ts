import { makeAncestry } from "./ancestry.ts";
import type { EndedSteps, GraphNode } from "./ancestry.ts";
import { conditionSource, splitTemplate } from "./expressions.ts";
import type { ExpressionChecker, Reference, Variable } from "./expressions.ts";
import { nameHint } from "./nearestName.ts";
import type { Problem } from "./problem.ts";
import type { Workflow } from "./schema.ts";
import { stepTexts, stepVariables } from "./stepTexts.ts";
import { maxProblems } from "./workflowSource.ts";
import type { WorkflowSource } from "./workflowSource.ts";
import type { Path } from "./yamlPlaces.ts";

/** Where an expression stands. */
interface Spot {
  path: Path;
  /** The scalar's whole text, and the expression's offset in it. */
  text: string;
  offset: number;
  variables: readonly Variable[];
  /** Steps that have ended when the expression is evaluated; undefined where no step has. */
  ended: EndedSteps | undefined;
}

interface Parts {
  source: WorkflowSource;
  /** The steps with needs resolved. */
  nodes: readonly GraphNode[];
  checker: ExpressionChecker;
}

/** Finds and type-checks every expression of a file: `if`, and `${{ }}` wherever values may hold it. */
export function checkExpressions(workflow: Workflow, parts: Parts): Problem[] {
  const pass = new ExpressionPass(workflow, parts);
  pass.triggers();
  pass.steps();
  pass.outputs();
  return pass.problems;
}

const triggerVariables = ["event", "project"] as const;
const groupVariables = ["inputs", "event", "project"] as const;

class ExpressionPass {
  readonly problems: Problem[] = [];
  private readonly workflow: Workflow;
  private readonly parts: Parts;
  private readonly stepIds: ReadonlySet<string>;

  constructor(workflow: Workflow, parts: Parts) {
    this.workflow = workflow;
    this.parts = parts;
    this.stepIds = new Set(workflow.steps.map((step) => step.step_id));
  }

  triggers(): void {
    this.workflow.triggers.forEach((trigger, index) => {
      if (!("if" in trigger)) return;
      this.condition(trigger.if, {
        path: ["triggers", index, "if"],
        variables: triggerVariables,
        ended: undefined,
      });
    });
    const group = this.workflow.concurrency?.group;
    if (group === undefined) return;
    this.template(group, { path: ["concurrency", "group"], variables: groupVariables, ended: undefined });
  }

  steps(): void {
    const endedBefore = makeAncestry(this.parts.nodes);
    this.workflow.steps.forEach((step, index) => {
      const ended = endedBefore(step.step_id);
      if (step.if === false) this.neverRuns(["steps", index, "if"]);
      if (step.type === "command") this.command(step.command, ["steps", index, "command"]);
      for (const { path, text, kind, variables } of stepTexts(step)) {
        const at = { path: ["steps", index, ...path], variables, ended };
        if (kind === "condition") this.condition(text, at);
        else this.template(text, at);
      }
    });
  }

  outputs(): void {
    for (const [name, template] of Object.entries(this.workflow.outputs)) {
      this.template(template, {
        path: ["outputs", name],
        variables: stepVariables,
        ended: { has: (id) => this.stepIds.has(id), ids: () => [...this.stepIds] },
      });
    }
  }

  /** A value pasted into a shell line can end the line and start another: it may only come by the environment. */
  private command(command: string, path: Path): void {
    const start = command.indexOf("${{");
    if (start === -1) return;
    const within = { text: command, start, end: command.length };
    const close = command.indexOf("}}", start);
    if (close !== -1) within.end = close + 2;
    const source = command.slice(start + 3, close === -1 ? undefined : close).trim();
    const hint = `write \`env: { VALUE: "\${{ ${source} }}" }\` and use "$VALUE" in the command`;
    const message = "values are not pasted into commands";
    this.problems.push(this.parts.source.problem("expression_in_command", message, { path, within, hint }));
  }

  private template(text: string, at: Omit<Spot, "text" | "offset">): void {
    if (!text.includes("${{")) return;
    for (const piece of splitTemplate(text)) {
      if (piece.kind === "expression") this.expression(piece.source, { ...at, text, offset: piece.start });
      if (piece.kind === "unclosed") {
        const within = { text, start: piece.start, end: text.length };
        this.problems.push(
          this.parts.source.problem("bad_expression", "${{ without }}", {
            path: at.path,
            within,
            hint: "close it with }}",
          }),
        );
      }
    }
  }

  private condition(condition: string | boolean | undefined, at: Omit<Spot, "text" | "offset">): void {
    if (condition === undefined || condition === true) return;
    if (condition === false) return this.neverRuns(at.path);
    const source = conditionSource(condition);
    const spot = { ...at, text: condition, offset: Math.max(0, condition.indexOf(source)) };
    const compiled = this.expression(source, spot);
    if (compiled === undefined) return;
    if (compiled.type !== "bool" && compiled.type !== "dyn") {
      const message = `a condition must be true or false, and this is of type ${compiled.type}`;
      const hint = compiled.type === "string" ? `compare it: ${source} == "…"` : undefined;
      this.report(spot, { message, start: 0, end: source.length, ...(hint === undefined ? {} : { hint }) });
    }
    if (compiled.constant === false) this.neverRuns(at.path);
  }

  private neverRuns(path: Path): void {
    const message = "it can never run: its condition is always false";
    this.problems.push(
      this.parts.source.problem("unreachable_step", message, { path, hint: "remove it, or comment it out" }),
    );
  }

  private expression(source: string, spot: Spot): { type: string; constant?: unknown } | undefined {
    if (this.problems.length >= maxProblems) return undefined;
    if (source === "") {
      this.report(spot, { message: "the expression is empty", start: 0, end: 1 });
      return undefined;
    }
    const compiled = this.parts.checker.compile(source, spot.variables);
    if (!compiled.ok) {
      const misplaced = compiled.problem.message.startsWith("secrets cannot");
      const hint = misplaced ? "secrets are read in the env of a command only" : compiled.problem.hint;
      const problem = { ...compiled.problem, ...(hint === undefined ? {} : { hint }) };
      this.report(spot, problem, misplaced ? "secret_misplaced" : "bad_expression");
      return undefined;
    }
    for (const reference of compiled.references) this.reference(reference, spot);
    return compiled;
  }

  private reference(reference: Reference, spot: Spot): void {
    const { variable, name, start, end } = reference;
    if (variable === "secrets") this.secret(reference, spot);
    if (variable !== "steps" || spot.ended === undefined || spot.ended.has(name)) return;
    const hint = nameHint(name, spot.ended.ids());
    if (!this.stepIds.has(name)) {
      const message = `no step is called "${name}"`;
      this.report(spot, { message, start, end, ...(hint === undefined ? {} : { hint }) }, "unknown_step");
      return;
    }
    const message = `step "${name}" has not ended when this is read`;
    this.report(spot, { message, start, end, hint: "read steps that come before" }, "unknown_step");
  }

  private secret({ name, start, end }: Reference, spot: Spot): void {
    const allowed = this.workflow.policies.secrets.allowed;
    if (allowed.includes(name)) return;
    const message = `the secret ${name} is not in policies.secrets.allowed`;
    const hint = nameHint(name, allowed) ?? `add ${name} to policies.secrets.allowed`;
    this.report(spot, { message, start, end, hint }, "secret_not_allowed");
  }

  private report(
    spot: Spot,
    problem: { message: string; start: number; end: number; hint?: string },
    code: Problem["code"] = "bad_expression",
  ): void {
    const within = { text: spot.text, start: spot.offset + problem.start, end: spot.offset + problem.end };
    this.problems.push(
      this.parts.source.problem(code, problem.message, { path: spot.path, within, hint: problem.hint }),
    );
  }
}

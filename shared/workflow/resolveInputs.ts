import { CoderError } from "../errors.ts";
import type { Value } from "./expressions.ts";
import type { WorkflowInput } from "./schema.ts";

type Values = { [name: string]: Value };

/**
 * The inputs of a run: what was given, checked against what the workflow asks for, and its defaults for the rest.
 * @throws CoderError `bad_input` with every wrong input in `details.inputs`.
 */
export function resolveInputs(asked: Record<string, WorkflowInput>, given: Values): Values {
  const wrong: { name: string; message: string }[] = [];
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(asked, name)) wrong.push({ name, message: "is not an input of this workflow" });
  }
  const resolved: Values = {};
  for (const [name, input] of Object.entries(asked)) {
    const value = Object.hasOwn(given, name) ? given[name] : input.default;
    if (value === undefined || value === null) {
      if (input.required === true) wrong.push({ name, message: "is required" });
      continue;
    }
    const problem = mismatch(input, value);
    if (problem === undefined) resolved[name] = value;
    else wrong.push({ name, message: problem });
  }
  if (wrong.length === 0) return resolved;
  const message = wrong.map((one) => `Input ${one.name} ${one.message}`).join("; ");
  throw new CoderError("bad_input", message, { details: { inputs: wrong } });
}

function mismatch(input: WorkflowInput, value: Value): string | undefined {
  if (input.type !== "choice") return typeof value === input.type ? undefined : `must be a ${input.type}`;
  const isOption = typeof value === "string" && input.options.includes(value);
  return isOption ? undefined : `must be one of ${input.options.join(", ")}`;
}

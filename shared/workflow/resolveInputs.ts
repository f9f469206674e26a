import { CoderError } from "../errors.ts";
import { nameHint } from "./nearestName.ts";
import type { Workflow, WorkflowInput } from "./schema.ts";

type InputValue = string | number | boolean;

/**
 * The inputs of a run: what was given, checked against the file, with its defaults. Text is accepted for numbers and
 * booleans (`"7"`, `"true"`), because forms and command lines know nothing else. An input without value, default
 * or `required: false` is an error; an optional one without either is the empty value of its type.
 * @throws CoderError `bad_input` naming the first input that is wrong; `details` is `{ input }`.
 */
export function resolveInputs(
  declared: Workflow["inputs"],
  given: Readonly<Record<string, unknown>>,
): Record<string, InputValue> {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    const hint = nameHint(unknown, Object.keys(declared));
    throw wrong(unknown, `The workflow has no input "${unknown}"${hint === undefined ? "" : ` (${hint})`}.`);
  }
  const entries = Object.entries(declared).map(([name, input]): [string, InputValue] => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    return [name, value === undefined ? withoutValue(name, input) : convert(name, input, value)];
  });
  return Object.fromEntries(entries);
}

function wrong(input: string, message: string): CoderError {
  return new CoderError("bad_input", message, { details: { input } });
}

function withoutValue(name: string, input: WorkflowInput): InputValue {
  if (input.default !== undefined) return input.default;
  if (input.required !== false) throw wrong(name, `The input "${name}" is missing.`);
  if (input.type === "number") return 0;
  return input.type === "boolean" ? false : "";
}

// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function convert(name: string, input: WorkflowInput, value: unknown): InputValue {
  const refuse = (wanted: string): CoderError =>
    wrong(name, `The input "${name}" must be ${wanted}, not ${JSON.stringify(value)}.`);
  switch (input.type) {
    case "string":
      if (typeof value !== "string") throw refuse("text");
      return value;
    case "choice":
      if (typeof value !== "string" || !input.options.includes(value))
        throw refuse(`one of ${input.options.join(", ")}`);
      return value;
    case "number": {
      const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isFinite(number)) throw refuse("a number");
      return number;
    }
    case "boolean":
      if (value === true || value === "true") return true;
      if (value === false || value === "false") return false;
      throw refuse("true or false");
  }
}

import { CoderError } from "../../shared/errors.ts";

/** An input as a workflow declares it, as far as its type decides how `--input name=value` is read. */
export interface DeclaredInput {
  name: string;
  type: "string" | "number" | "boolean" | "choice";
}

/**
 * The values of `--input name=value`, in the types that the workflow asks for.
 * @throws CoderError `bad_input` for what is no pair, has no such type, or is given twice. Whether it is asked for at all
 * is the run's own check.
 */
export function readInputs(
  pairs: readonly string[],
  declared: readonly DeclaredInput[],
): Record<string, string | number | boolean> {
  const values: Record<string, string | number | boolean> = {};
  for (const pair of pairs) {
    const [name = "", ...rest] = pair.split("=");
    if (rest.length === 0 || name === "")
      throw new CoderError("bad_input", `"${pair}" is not an input; write --input name=value`);
    if (Object.hasOwn(values, name)) throw new CoderError("bad_input", `The input ${name} is given twice`);
    const type = declared.find((input) => input.name === name)?.type ?? "string";
    values[name] = convert({ name, type }, rest.join("="));
  }
  return values;
}

function convert({ name, type }: DeclaredInput, text: string): string | number | boolean {
  if (type === "boolean") {
    if (text === "true" || text === "false") return text === "true";
    throw new CoderError("bad_input", `The input ${name} is true or false, not "${text}"`);
  }
  if (type === "number") {
    const number = Number(text);
    if (text.trim() !== "" && Number.isFinite(number)) return number;
    throw new CoderError("bad_input", `The input ${name} is a number, not "${text}"`);
  }
  return text;
}

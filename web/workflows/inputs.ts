import type { Inputs, Outputs } from "../api.ts";

type WorkflowInput = Outputs["workflows"]["list"][number]["inputs"][number];
type Values = NonNullable<Inputs["runs"]["start"]["inputs"]>;

/** What the fields of the run dialog hold, by input name. */
export type InputTexts = Record<string, string>;

/** The fields before anything is typed: defaults, and the first of a choice. */
export function initialInputs(inputs: readonly WorkflowInput[]): InputTexts {
  return Object.fromEntries(
    inputs.map((input) => {
      const text =
        typeof input.default === "string"
          ? input.default
          : input.default === null
            ? ""
            : JSON.stringify(input.default);
      return [input.name, input.type === "choice" && text === "" ? (input.options[0] ?? "") : text];
    }),
  );
}

/** The typed values of the fields, or what is wrong with each. An empty optional field is left out. */
export function readInputs(
  inputs: readonly WorkflowInput[],
  texts: InputTexts,
): { values: Values; errors: Record<string, string> } {
  const values: Values = {};
  const errors: Record<string, string> = {};
  for (const input of inputs) {
    const text = texts[input.name] ?? "";
    if (input.type === "boolean") values[input.name] = text === "true";
    else if (text === "" && input.required) errors[input.name] = "This input is required.";
    else if (text === "") continue;
    else if (input.type !== "number") values[input.name] = text;
    else if (Number.isFinite(Number(text))) values[input.name] = Number(text);
    else errors[input.name] = `"${text}" is not a number.`;
  }
  return { values, errors };
}

import { CoderError } from "../../shared/errors.ts";
import type { Value } from "../../shared/workflow/expressions.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** Of one step, in bytes: outputs are values for other steps, files are artifacts. */
export const maxOutputBytes = 64 * 1024;
const maxOutputs = 100;
/** What a command step says itself. */
const ownOutputs = new Set(["exitCode", "tests", "cached"]);

export type Outputs = { ok: true; outputs: Record<string, Value> } | { ok: false; message: string };

/**
 * What a command has written into the file that `$CODER_OUTPUT` names. A line is `name=text`, or `name:json=…` for
 * any other type; a value of several lines stands between `name<<END` and a line `END`.
 */
export async function readOutputs(sandbox: Sandbox, path: string): Promise<Outputs> {
  try {
    return parseOutputs(await sandbox.read(path, maxOutputBytes));
  } catch (error) {
    if (error instanceof CoderError && error.code === "not_found") return { ok: true, outputs: {} };
    if (error instanceof CoderError && error.code === "too_large")
      return {
        ok: false,
        message: `Its outputs have more than ${maxOutputBytes} bytes; hand files on as artifacts.`,
      };
    throw error;
  }
}

const linePattern = /^(?<name>[A-Za-z_][A-Za-z0-9_]{0,63})(?<json>:json)?(?:=(?<value>.*)|<<(?<end>\S+))$/s;

export function parseOutputs(bytes: Uint8Array): Outputs {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, message: "Its outputs are not UTF-8." };
  }
  const lines = text.split(/\r?\n/);
  const outputs = new Map<string, Value>();
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line === "") continue;
    const at = `Line ${index + 1} of its outputs`;
    const { name, json, value, end } = linePattern.exec(line)?.groups ?? {};
    if (name === undefined)
      return { ok: false, message: `${at} is not name=value: ${JSON.stringify(line.slice(0, 80))}.` };
    if (ownOutputs.has(name)) return { ok: false, message: `${at} sets ${name}, which Coder sets itself.` };
    let content = value ?? "";
    if (end !== undefined) {
      const last = lines.indexOf(end, index + 1);
      if (last === -1) return { ok: false, message: `${at} begins ${name}, and no line ${end} ends it.` };
      content = lines.slice(index + 1, last).join("\n");
      index = last;
    }
    const parsed = json === undefined ? content : parseJson(content);
    if (parsed === undefined)
      return { ok: false, message: `${at} says that ${name} is JSON, and it is not.` };
    outputs.set(name, parsed);
    if (outputs.size > maxOutputs) return { ok: false, message: `It has more than ${maxOutputs} outputs.` };
  }
  return { ok: true, outputs: Object.fromEntries(outputs) };
}

function parseJson(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

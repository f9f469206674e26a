import { splitTemplate } from "../workflow/expressions.ts";
import { UnknownExpression } from "./actionsExpression.ts";
import { actionsConditionToCel, actionsToCel, type ActionsScope } from "./actionsToCel.ts";
import type { Notes } from "./report.ts";
import { asMap, slug, type Written, asText } from "./written.ts";

/** A step of a GitHub Actions job as a step of ours, or why there is none. */
export interface StepSource {
  /** The step as it is written there. */
  written: Written;
  /** Its place, such as `jobs.test.steps[2]`. */
  at: string;
  /** What holds for the whole job or file. */
  surroundings: { env: Written; workingDirectory: string | undefined; shell: string | undefined };
  /** The job's own condition. */
  jobIf: string | undefined;
}

/** Actions whose work is done here without a step, and what is worth knowing about that. */
const implicitActions: Record<string, string> = {
  "actions/checkout": "",
  "actions/setup-node": "the worker's own Node runs commands",
  "actions/cache": "installs of dependencies are cached by themselves",
  "pnpm/action-setup":
    "corepack provides pnpm: add `corepack enable` to the install command if it is not there",
  "oven-sh/setup-bun": "bun must be on the worker, or be installed by a command",
  "actions/upload-artifact":
    "patches, test reports and logs are kept by themselves; for tests add `reports: { junit: … }`",
  "actions/download-artifact": "the steps of a run share one checkout, so files are already there",
};

/** A command step without its id, or undefined with a note. @param name of the step to be. */
export function importStep(source: StepSource, scope: ActionsScope, notes: Notes): Written | undefined {
  const { written, at } = source;
  const uses = written["uses"];
  if (typeof uses === "string") {
    leaveOutAction(uses, { at, notes });
    return undefined;
  }
  const run = written["run"];
  if (typeof run !== "string") {
    notes.leftOut(at, "it has neither run nor uses");
    return undefined;
  }
  try {
    return commandStep(run, { source, scope, notes, env: importEnv(source, scope, notes) });
  } catch (error) {
    if (!(error instanceof UnknownExpression)) throw error;
    notes.leftOut(at, `it reads ${error.message}: write it by hand`);
    return undefined;
  }
}

/** @throws UnknownExpression */
function commandStep(run: string, parts: CommandParts): Written | undefined {
  const { written } = parts.source;
  const condition = importCondition(parts.source, parts.scope);
  const command = importCommand(run, parts);
  if (command === undefined) return undefined;
  const { name, "timeout-minutes": minutes } = written;
  return {
    type: "command",
    ...(typeof name === "string" && !name.includes("${{") ? { name } : {}),
    ...(condition === undefined ? {} : { if: condition }),
    command,
    ...(Object.keys(parts.env).length > 0 ? { env: parts.env } : {}),
    ...(typeof minutes === "number" ? { timeout_sec: Math.max(1, Math.round(minutes * 60)) } : {}),
    ...(written["continue-on-error"] === true ? { on_failure: { type: "continue" } } : {}),
  };
}

function leaveOutAction(uses: string, { at, notes }: { at: string; notes: Notes }): void {
  const action = uses.split("@", 1)[0] ?? uses;
  const known = implicitActions[action];
  if (known === undefined)
    notes.leftOut(
      at,
      `the action ${uses} cannot run here; write its work as a command, or use a deploy, release or pull_request step`,
    );
  else if (known !== "") notes.changed(at, `${action}: ${known}`);
}

/** @throws UnknownExpression: a step whose condition is not known must not run where it did not run before. */
function importCondition({ written, jobIf }: StepSource, scope: ActionsScope): string | undefined {
  const sources = [jobIf, written["if"]].flatMap((one) =>
    typeof one === "string" ? [unwrap(one)] : one === false ? ["false"] : [],
  );
  const conditions = sources.map((one) => actionsConditionToCel(one, scope));
  const wanted = conditions.filter((one) => one !== "true");
  if (wanted.includes("false")) throw new UnknownExpression("only false, so it never runs");
  if (wanted.length < 2) return wanted[0];
  return wanted.map((one) => `(${one})`).join(" && ");
}

function unwrap(text: string): string {
  const pieces = splitTemplate(text.trim());
  const [only] = pieces;
  return pieces.length === 1 && only?.kind === "expression" ? only.source : text;
}

function importEnv(
  { written, at, surroundings }: StepSource,
  scope: ActionsScope,
  notes: Notes,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...surroundings.env, ...asMap(written["env"]) })) {
    try {
      env[name] = importTemplate(asText(value) ?? "", { ...scope, secrets: true });
    } catch (error) {
      if (!(error instanceof UnknownExpression)) throw error;
      notes.leftOut(`${at}.env.${name}`, `it reads ${error.message}`);
    }
  }
  return env;
}

/** A text with its expressions in CEL. @throws UnknownExpression */
export function importTemplate(text: string, scope: ActionsScope): string {
  return splitTemplate(text)
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      if (piece.kind === "unclosed") throw new UnknownExpression(`"${text}", which does not close`);
      return `\${{ ${actionsToCel(piece.source, scope)} }}`;
    })
    .join("");
}

interface CommandParts {
  source: StepSource;
  scope: ActionsScope;
  notes: Notes;
  /** Gets a variable for each expression of the command. */
  env: Record<string, string>;
}

/** The command line: expressions become variables, so that no value can become a command of its own. */
function importCommand(run: string, { source, scope, notes, env }: CommandParts): string | undefined {
  const { written, at, surroundings } = source;
  const shell = asText(written["shell"]) ?? surroundings.shell ?? "bash";
  const isPython = /^python3?\b/.test(shell);
  if (!isPython && !/^(bash|sh)\b/.test(shell)) {
    notes.leftOut(at, `commands run in bash, not in ${shell}`);
    return undefined;
  }
  let command = "";
  for (const piece of splitTemplate(run.trimEnd())) {
    if (piece.kind !== "expression") {
      command += piece.kind === "text" ? piece.text : run.slice(piece.start);
      continue;
    }
    const name = variableOf(piece.source, env);
    env[name] = `\${{ ${actionsToCel(piece.source, { ...scope, secrets: true })} }}`;
    command += isPython ? `__import__("os").environ["${name}"]` : inShell(name, command);
  }
  if (/\bGITHUB_(OUTPUT|ENV|PATH)\b/.test(command)) {
    command = command.replaceAll(/\bGITHUB_OUTPUT\b/g, "CODER_OUTPUT");
    if (/\bGITHUB_(ENV|PATH)\b/.test(command))
      notes.changed(
        at,
        "GITHUB_ENV and GITHUB_PATH are not read here: write outputs, and read them in the env of later steps",
      );
  }
  if (isPython) command = `python3 - <<'PYTHON'\n${command}\nPYTHON`;
  const directory = written["working-directory"] ?? surroundings.workingDirectory;
  if (typeof directory !== "string" || directory === "." || directory === "./") return command;
  return `cd '${directory.replaceAll("'", `'\\''`)}'\n${command}`;
}

/** `github.sha` → `GITHUB_SHA`; what is no plain path gets a number. */
function variableOf(source: string, env: Record<string, string>): string {
  const path = /^[A-Za-z_][\w.-]*$/.test(source) ? slug(source).replaceAll("-", "_").toUpperCase() : "";
  if (path !== "") return path;
  let number = 1;
  while (env[`EXPRESSION_${number}`] !== undefined) number += 1;
  return `EXPRESSION_${number}`;
}

/** The variable as the shell reads it at this point: between single quotes nothing is expanded. */
function inShell(name: string, before: string): string {
  let quote = "";
  for (let index = 0; index < before.length; index += 1) {
    const char = before.charAt(index);
    if (char === "\\" && quote !== "'") index += 1;
    else if (quote === "" && (char === "'" || char === '"')) quote = char;
    else if (char === quote) quote = "";
  }
  return quote === "'" ? `'"\${${name}}"'` : `\${${name}}`;
}

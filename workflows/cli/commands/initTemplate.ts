import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CoderError } from "../../../shared/errors.ts";
import { missingFor, renderTemplate } from "../../../shared/templates/renderTemplate.ts";
import { detectStack, type Stack } from "../../../shared/templates/stack.ts";
import { templates } from "../../../shared/templates/templates.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../exitCodes.ts";
import { projectPaths } from "../projectPaths.ts";

/** `coder init --list-templates`: those that fit the directory first, the others with what is missing for them. */
export async function listTemplates({ cwd, output }: Cli, options: { json?: true }): Promise<number> {
  const stack = await stackOf(cwd);
  const listed = templates
    .map((template) => {
      const { id, title, description, agent } = template;
      const missing = missingFor(template, stack);
      return { id, title, description, agent, fits: missing.length === 0, missing };
    })
    .sort((a, b) => Number(b.fits) - Number(a.fits));
  if (options.json) {
    output.json({ stack: stack.name, templates: listed });
    return exitCodes.ok;
  }
  output.note(`For ${stack.name}:`);
  const width = Math.max(...listed.map(({ id }) => id.length));
  for (const { id, description, agent, fits, missing } of listed) {
    const name = output.style("bold", id.padEnd(width));
    const notes = [
      ...(agent ? ["needs a model"] : []),
      ...(fits ? [] : [`does not fit: the project has ${missing.join(", ")}`]),
    ];
    output.print(`${name}  ${description}`);
    if (notes.length > 0) output.print(`${" ".repeat(width)}  ${output.style("dim", notes.join("; "))}`);
  }
  return exitCodes.ok;
}

interface TemplateOptions {
  id: string;
  force?: true;
  json?: true;
}

/** `coder init --template <id>`: its file, with the commands of the directory's stack. */
export async function initFromTemplate({ cwd, output }: Cli, options: TemplateOptions): Promise<number> {
  const template = templates.find(({ id }) => id === options.id);
  if (template === undefined)
    throw new CoderError(
      "bad_input",
      `There is no template "${options.id}"; see coder init --list-templates`,
    );
  const stack = await stackOf(cwd);
  const missing = missingFor(template, stack);
  if (missing.length > 0)
    throw new CoderError(
      "bad_input",
      `The template ${template.id} does not fit: the project (${stack.name}) has ${missing.join(", ")}`,
    );
  const path = `.coder/workflows/${template.id}.yaml`;
  await mkdir(dirname(join(cwd, path)), { recursive: true });
  const text = renderTemplate(template, stack);
  await writeFile(join(cwd, path), text, { flag: options.force ? "w" : "wx" }).catch((error: unknown) => {
    if (!isTaken(error)) throw error;
    throw new CoderError("conflict", `${path} is there already; --force replaces it`, { cause: error });
  });
  if (options.json) {
    output.json({ path, stack: stack.name, text });
    return exitCodes.ok;
  }
  output.print(`Wrote ${output.style("bold", path)} for ${stack.name}.`);
  if (template.agent) output.print("Its agent steps need a model; without one they fail and say so.");
  output.print(`Read it and try it with: coder run ${template.id} --local --dry-run`);
  output.print("Then commit it: what starts it counts from its push to the default branch.");
  return exitCodes.ok;
}

async function stackOf(cwd: string): Promise<Stack> {
  const paths = await projectPaths(cwd);
  return detectStack(
    paths,
    paths.includes("package.json") ? await readFile(join(cwd, "package.json"), "utf8") : undefined,
  );
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

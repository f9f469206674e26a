import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { CoderError } from "../../../shared/errors.ts";
import { explainEvent, readWorkflow, type Verdict } from "../../../shared/trigger/explainEvent.ts";
import { runPlaceOf } from "../../../shared/trigger/runPlace.ts";
import { readTriggerEvent } from "../../../shared/trigger/triggerEvent.ts";
import type { Cli } from "../cli.ts";
import { plain } from "../output.ts";
import { listWorkflowFiles, readWorkflowFile } from "../workflowFiles.ts";

interface ExplainOptions {
  project?: string;
  branch: string;
  depth: string;
  json?: true;
}

export function addExplain(program: Command, cli: Cli): void {
  program
    .command("explain <event>")
    .description("say which workflows of this directory an event fires, and which clause rejects the others")
    .option("-p, --project <org/project>", "what expressions see as project.owner and project.repo")
    .option("--branch <name>", "the default branch", "main")
    .option("--depth <count>", "how many workflows in a row have led to it", "0")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      '\nThe event is a file with its payload, or - for standard input.\n\nExamples:\n  coder explain push.json\n  echo \'{"event":"push","branch":"main","paths":["src/a.ts"]}\' | coder explain -',
    )
    .action((event: string, options: ExplainOptions) => explain(cli, event, options));
}

async function explain(cli: Cli, file: string, options: ExplainOptions): Promise<void> {
  const event = readTriggerEvent(await readJson(cli, file));
  const depth = Number(options.depth);
  if (!Number.isInteger(depth) || depth < 0)
    throw new CoderError("bad_input", `--depth is a number from 0, not ${options.depth}`);
  const files = [];
  for (const path of await listWorkflowFiles(cli.cwd))
    files.push(readWorkflow(path, (await readWorkflowFile(cli.cwd, path)).text));
  const [owner = "local", repo = basename(cli.cwd)] = (options.project ?? cli.env.CODER_PROJECT ?? "")
    .split("/")
    .map((part) => part || undefined);
  const place = runPlaceOf(event, { defaultBranch: options.branch, head: "HEAD" });
  const { branch } = event.payload;
  const ref = place?.ref ?? (event.event === "push" && typeof branch === "string" ? branch : options.branch);
  const verdicts = explainEvent(files, event, { project: { provider: "coder", owner, repo, ref }, depth });
  if (options.json)
    cli.output.json({ event: event.event, source: event.source, workflows: verdicts.map(shown) });
  else for (const verdict of verdicts) printVerdict(cli, verdict);
  if (verdicts.length === 0) cli.output.note("There are no workflow files here.");
}

async function readJson({ cwd }: Cli, file: string): Promise<unknown> {
  const content = file === "-" ? await text(process.stdin) : await readFileText(resolve(cwd, file), file);
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new CoderError("bad_input", `${file === "-" ? "The input" : file} is not JSON`, { cause });
  }
}

async function readFileText(path: string, named: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new CoderError("not_found", `There is no file ${named}`);
    throw new CoderError("unavailable", `${named} cannot be read (${error.code})`, { cause: error });
  });
}

/** A verdict without the file that it is about. */
function shown(verdict: Verdict): object {
  if (verdict.kind !== "fires") return verdict;
  const { kind, path, name, trigger, inputs, concurrency = null } = verdict;
  return { kind, path, name, trigger, inputs, concurrency };
}

function printVerdict({ output }: Cli, verdict: Verdict): void {
  const path = plain(verdict.path);
  switch (verdict.kind) {
    case "fires":
      output.print(`${output.style("green", "✓ fires")}     ${path}  by triggers[${verdict.trigger}]`);
      return;
    case "rejected":
      output.print(`${output.style("gray", "– rejected")}  ${path}`);
      for (const { clause, reason } of verdict.clauses)
        output.print(`    ${plain(clause)}: ${plain(reason)}`);
      return;
    case "invalid":
      output.print(`${output.style("red", "✗ invalid")}   ${path}`);
      for (const problem of verdict.problems) output.print(`    ${plain(problem)}`);
  }
}

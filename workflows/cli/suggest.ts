import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { listWorkflowFiles } from "./workflowFiles.ts";

/** What the scripts of `coder completion` ask, with the words so far; answers one suggestion a line. */
export const suggestCommand = "__complete";

interface Known {
  /** With the command that the words name, if they name one. */
  program: Command;
  cli: Cli;
  /** Of all commands. */
  names: readonly string[];
}

export function addSuggest(program: Command, cli: Cli, names: readonly string[]): void {
  program
    .command(`${suggestCommand} [words...]`, { hidden: true })
    .allowUnknownOption()
    .action(async (words: string[]) => {
      for (const word of await suggest({ program, cli, names }, words)) cli.output.print(word);
    });
}

/** What may come next: the last word is the one being written, and may be empty. */
async function suggest({ program, cli, names }: Known, words: readonly string[]): Promise<string[]> {
  const { before, option, current, prefix } = whatIsWritten(words);
  let command = program;
  for (const word of before) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub !== undefined) command = sub;
  }
  const known = command.options.find(({ long, short }) => option !== "" && [long, short].includes(option));
  // What else is asked for behind an option is not known: no command, no workflow.
  if (known !== undefined && (known.required || known.optional || prefix !== ""))
    return (known.argChoices ?? []).filter((one) => one.startsWith(current)).map((one) => `${prefix}${one}`);
  const subcommands = command === program ? names : subcommandsOf(command);
  const possible = current.startsWith("-")
    ? optionsOf(command)
    : [...subcommands, ...(await valuesOf(command, cli))];
  return possible.filter((name) => name.startsWith(current));
}

interface Written {
  /** Whole words. */
  before: readonly string[];
  /** Whose value is being written, if it takes one; may be empty. */
  option: string;
  /** What is there of the word or value. */
  current: string;
  /** What stands before the value in its word. */
  prefix: string;
}

function whatIsWritten(words: readonly string[]): Written {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  // bash makes words of their own of `--option`, `=` and the value; the others do not split it.
  if (current === "=") return { before, option: before.at(-1) ?? "", current: "", prefix: "" };
  if (before.at(-1) === "=") return { before, option: before.at(-2) ?? "", current, prefix: "" };
  const [, option = "", value = ""] = /^(--[\w-]+)=(.*)$/.exec(current) ?? [];
  if (option !== "") return { before, option, current: value, prefix: `${option}=` };
  return { before, option: before.at(-1) ?? "", current, prefix: "" };
}

function optionsOf(command: Command): string[] {
  return [...command.options.flatMap((option) => [option.long, option.short]), "--help"].filter(
    (flag) => flag !== undefined && flag !== null,
  );
}

function subcommandsOf(command: Command): string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => one.name());
}

async function valuesOf(command: Command, { cwd }: Cli): Promise<string[]> {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return [];
  if (argument.argChoices !== undefined) return argument.argChoices;
  if (argument.name() === "workflow")
    return (await listWorkflowFiles(cwd)).map((path) =>
      (path.split("/").at(-1) ?? "").replace(/\.(?:ya?ml|json)$/, ""),
    );
  return argument.name() === "files" ? listWorkflowFiles(cwd) : [];
}

import { Argument, type Command } from "commander";
import type { Cli } from "../cli.ts";
import { listWorkflowFiles } from "../workflowFiles.ts";

/** Each asks `coder __complete` with the words so far, and takes one suggestion a line. */
const scripts = {
  bash: `_coder() {
  local IFS=$'\\n'
  COMPREPLY=($(coder __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _coder coder
`,
  zsh: `#compdef coder
_coder() {
  local -a suggestions
  suggestions=("\${(@f)$(coder __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $suggestions
}
compdef _coder coder
`,
  fish: `function __coder_complete
  set -l words (commandline -opc) (commandline -ct)
  coder __complete -- $words[2..-1] 2>/dev/null
end
complete -c coder -f -a '(__coder_complete)'
`,
};
type Shell = keyof typeof scripts;

export function addCompletion(program: Command, cli: Cli): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>").choices(Object.keys(scripts)))
    .description("print a script that completes commands, options and workflow names")
    .addHelpText(
      "after",
      "\nExamples:\n  coder completion bash >> ~/.bashrc\n  coder completion zsh > ~/.zfunc/_coder\n  coder completion fish > ~/.config/fish/completions/coder.fish",
    )
    .action((shell: Shell) => cli.output.print(scripts[shell].trimEnd()));
  program
    .command("__complete [words...]", { hidden: true })
    .allowUnknownOption()
    .action(async (words: string[]) => {
      for (const word of await suggest(program, cli, words)) cli.output.print(word);
    });
}

/** What may come next: the last word is the one being written, and may be empty. */
async function suggest(program: Command, cli: Cli, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? "";
  let command = program;
  for (const word of words.slice(0, -1)) {
    const sub = command.commands.find((one) => one.name() === word);
    if (sub !== undefined) command = sub;
  }
  const before = words.at(-2) ?? "";
  const option = command.options.find(({ long, short }) => before !== "" && [long, short].includes(before));
  if (option?.argChoices !== undefined)
    return option.argChoices.filter((choice) => choice.startsWith(current));
  const names = current.startsWith("-")
    ? optionsOf(command)
    : [...subcommandsOf(command), ...(await valuesOf(command, cli))];
  return names.filter((name) => name.startsWith(current));
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

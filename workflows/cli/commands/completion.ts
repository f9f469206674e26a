import { Argument, type Command } from "commander";
import type { Cli } from "../cli.ts";

/**
 * Each asks `coder __complete` with the words so far, and takes one suggestion a line; without any it offers files. The
 * bash of macOS is 3.2: no mapfile. zsh loads the file as the function's body, or evaluates it: the end serves both.
 */
const scripts = {
  bash: `_coder() {
  local suggestion
  COMPREPLY=()
  while IFS= read -r suggestion; do
    COMPREPLY+=("$suggestion")
  done < <(coder __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _coder coder
`,
  zsh: `#compdef coder
_coder() {
  local -a suggestions
  suggestions=(\${(f)"$(coder __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#suggestions )); then
    compadd -- $suggestions
  else
    _files
  fi
}
if [[ \${funcstack[1]} == _coder ]]; then
  _coder "$@"
else
  compdef _coder coder
fi
`,
  fish: `function __coder_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l suggestions (coder __complete -- $words[2..-1] 2>/dev/null)
  if test (count $suggestions) -gt 0
    printf '%s\\n' $suggestions
  else
    __fish_complete_path (commandline -ct)
  end
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
}

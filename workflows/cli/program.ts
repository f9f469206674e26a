import { Command, CommanderError } from "commander";
import type { Cli } from "./cli.ts";
import { addSuggest, suggestCommand } from "./suggest.ts";
import { exitCodeOf, exitCodes } from "./exitCodes.ts";

type Add = (program: Command, cli: Cli) => void;

/**
 * In the order of the help. Only the command that is called is loaded: with all of them each command, and each Tab, would
 * wait for packages that it does not use.
 */
const commands: Record<string, () => Promise<Add>> = {
  init: async () => (await import("./commands/init.ts")).addInit,
  lint: async () => (await import("./commands/lint.ts")).addLint,
  run: async () => (await import("./commands/run.ts")).addRun,
  list: async () => (await import("./commands/list.ts")).addList,
  logs: async () => (await import("./commands/logs.ts")).addLogs,
  approve: async () => (await import("./commands/approve.ts")).addApprove,
  cancel: async () => (await import("./commands/cancel.ts")).addCancel,
  rerun: async () => (await import("./commands/rerun.ts")).addRerun,
  explain: async () => (await import("./commands/explain.ts")).addExplain,
  secrets: async () => (await import("./commands/secrets.ts")).addSecrets,
  policy: async () => (await import("./commands/policy.ts")).addPolicy,
  audit: async () => (await import("./commands/audit.ts")).addAudit,
  import: async () => (await import("./commands/interchange.ts")).addImport,
  export: async () => (await import("./commands/interchange.ts")).addExport,
  mcp: async () => (await import("./commands/mcp.ts")).addMcp,
  login: async () => (await import("./commands/login.ts")).addLogin,
  logout: async () => (await import("./commands/logout.ts")).addLogout,
  whoami: async () => (await import("./commands/whoami.ts")).addWhoami,
  completion: async () => (await import("./commands/completion.ts")).addCompletion,
  version: async () => (await import("./commands/version.ts")).addVersion,
};

async function makeProgram(cli: Cli, args: readonly string[]): Promise<Command> {
  const program = new Command("coder")
    .description("Workflows as code: lint, run and watch them, on a server or on this machine.")
    .version(cli.version, "-V, --version", "print the version")
    .showHelpAfterError("(see it with --help)")
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      `
Environment:
  CODER_URL, CODER_TOKEN   the server and an access token, instead of coder login
  CODER_PROJECT            the project, as organisation/project
  NO_COLOR, FORCE_COLOR    never or always colours

Ends with 0 when all went well, 1 when a run or file did not, 2 when it was called wrongly,
3 when something is not there or not yours, 4 when a server does not answer, 130 after Ctrl-C.`,
    );
  const asked = args[0] === suggestCommand ? args.at(2) : args[0];
  const called = Object.keys(commands).filter((name) => name === asked);
  if (args[0] === suggestCommand) addSuggest(program, cli, Object.keys(commands));
  // The help, and the nearest names of an unknown one, are about all of them.
  else if (called.length === 0) called.push(...Object.keys(commands));
  for (const load of called.map((name) => commands[name])) (await load?.())?.(program, cli);
  return program;
}

/** Runs one command line; the process ends with `process.exitCode`, and every failure is one line with its remedy. */
export async function runCommandLine(cli: Cli, args: readonly string[]): Promise<void> {
  try {
    const program = await makeProgram(cli, args);
    await program.parseAsync(args, { from: "user" });
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Commander has said what is wrong; help that was asked for is no failure.
      process.exitCode = thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      return;
    }
    const { toCliError } = await import("./api.ts");
    const error = toCliError(thrown);
    cli.output.note(error.message);
    if (error.code === "internal" && cli.env.CODER_DEBUG) cli.output.note(error.stack ?? "");
    process.exitCode = exitCodeOf(error);
  }
}

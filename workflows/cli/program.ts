import { Command, CommanderError } from "commander";
import { toCliError } from "./api.ts";
import type { Cli } from "./cli.ts";
import { addApprove } from "./commands/approve.ts";
import { addAudit } from "./commands/audit.ts";
import { addCancel } from "./commands/cancel.ts";
import { addCompletion } from "./commands/completion.ts";
import { addExplain } from "./commands/explain.ts";
import { addInit } from "./commands/init.ts";
import { addInterchange } from "./commands/interchange.ts";
import { addLint } from "./commands/lint.ts";
import { addList } from "./commands/list.ts";
import { addLogin } from "./commands/login.ts";
import { addLogout } from "./commands/logout.ts";
import { addLogs } from "./commands/logs.ts";
import { addMcp } from "./commands/mcp.ts";
import { addPolicy } from "./commands/policy.ts";
import { addRerun } from "./commands/rerun.ts";
import { addRun } from "./commands/run.ts";
import { addSecrets } from "./commands/secrets.ts";
import { addVersion } from "./commands/version.ts";
import { addWhoami } from "./commands/whoami.ts";
import { exitCodeOf, exitCodes } from "./exitCodes.ts";

const commands = [
  addInit,
  addLint,
  addRun,
  addList,
  addLogs,
  addApprove,
  addCancel,
  addRerun,
  addExplain,
  addSecrets,
  addPolicy,
  addAudit,
  addInterchange,
  addMcp,
  addLogin,
  addLogout,
  addWhoami,
  addCompletion,
  addVersion,
];

function makeProgram(cli: Cli): Command {
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
  for (const add of commands) add(program, cli);
  return program;
}

/** Runs one command line; the process ends with `process.exitCode`, and every failure is one line with its remedy. */
export async function runCommandLine(cli: Cli, args: readonly string[]): Promise<void> {
  try {
    await makeProgram(cli).parseAsync(args, { from: "user" });
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      // Commander has said what is wrong; help that was asked for is no failure.
      process.exitCode = thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      return;
    }
    const error = toCliError(thrown);
    cli.output.note(error.message);
    if (error.code === "internal" && cli.env.CODER_DEBUG) cli.output.note(error.stack ?? "");
    process.exitCode = exitCodeOf(error);
  }
}

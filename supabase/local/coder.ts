import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../../workflows/cli/exitCodes.ts";
import packageJson from "../../package.json" with { type: "json" };

/*
 * The `coder` command line. An entry like `start.ts`: it alone knows both the commands (workflows/cli) and the parts of
 * the stack that `run --local` starts for itself.
 */

const root = fileURLToPath(new URL("../..", import.meta.url));
// Most of a short command is otherwise spent in parsing.
enableCompileCache(join(root, "node_modules/.cache/coder-compile"));

// Node's warnings about its own experiments are for us, not for who runs it.
process.removeAllListeners("warning");
// The launcher (coder.js) holds the other end: when it is killed, this ends as well.
if (process.channel) {
  process.channel.unref();
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}

const { runCommandLine } = await import("../../workflows/cli/program.ts");
const { makeOutput } = await import("../../workflows/cli/output.ts");
await runCommandLine(
  {
    version: packageJson.version,
    cwd: process.cwd(),
    env: process.env,
    output: makeOutput(() => process.exit(exitCodes.ok)),
    async openLocalDatabase(directory, onStarting) {
      await (await import("../patchPostgres.ts")).patchPostgres();
      return (await import("./commandDatabase.ts")).openCommandDatabase(directory, onStarting);
    },
    async readRegistry(dataDir) {
      return (await import("./npmRegistry.ts")).readNpmRegistry({ dataDir, projectDir: process.cwd() });
    },
  },
  process.argv.slice(2),
);

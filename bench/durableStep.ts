import { spawn } from "node:child_process";
import { once } from "node:events";
import { DBOS } from "@dbos-inc/dbos-sdk";

/**
 * The reference of `bench/execution.ts`, a process of its own: what one command costs with DBOS alone. A workflow starts a
 * child for each step, the child runs the command as a journaled step and sends its end back, as the engine does, with
 * no run, event, log, sandbox or policy around it. Arguments: database, steps. Prints milliseconds per step, as JSON.
 */
const [databaseUrl = "", steps = "20"] = process.argv.slice(2);

DBOS.setConfig({
  name: "coder-bench",
  systemDatabaseUrl: databaseUrl,
  executorID: `bench-${process.pid}`,
  applicationVersion: "bench",
  runMigrations: false,
  logger: { info: () => undefined, debug: () => undefined, warn: () => undefined, error: console.error },
});

const child = DBOS.registerWorkflow(
  async (parent: string, index: number) => {
    await DBOS.runStep(
      async () => {
        const command = spawn("bash", ["-e", "-c", "true"], { stdio: ["ignore", "pipe", "pipe"] });
        await once(command, "close");
      },
      { name: "command" },
    );
    await DBOS.send(parent, index, "done", `done:${index}`);
  },
  { name: "benchStep" },
);
const times: number[] = [];
const parent = DBOS.registerWorkflow(
  async () => {
    const id = DBOS.workflowID ?? "";
    for (let index = 0; index < Number(steps); index++) {
      const startedAt = performance.now();
      await DBOS.startWorkflow(child, { workflowID: `${id}/${index}` })(id, index);
      await DBOS.recv("done", { timeoutSeconds: 60, pollingIntervalMs: 20_000 });
      times.push(performance.now() - startedAt);
    }
  },
  { name: "benchRun" },
);

await DBOS.launch();
const handle = await DBOS.startWorkflow(parent)();
await handle.getResult();
process.stdout.write(`${JSON.stringify(times)}\n`);
await DBOS.shutdown();
process.exit(0);

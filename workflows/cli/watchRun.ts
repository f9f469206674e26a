import { setTimeout as delay } from "node:timers/promises";
import { CoderError } from "../../shared/errors.ts";
import { toCliError, type Server } from "./api.ts";
import type { Cli } from "./cli.ts";
import { exitCodes } from "./exitCodes.ts";
import { followRun } from "./followRun.ts";
import { RunPrinter, type RunReport } from "./runPrinter.ts";

export interface WatchOptions {
  number: number;
  json: boolean;
  step?: string | undefined;
}

/** How long a second Ctrl-C is waited for. */
const secondPressMs = 2_000;

/**
 * Shows a run of a server until it ends; answers the exit code. Ctrl-C leaves the run alone and says how to come back;
 * pressed again it cancels the run, and its end is waited for.
 */
export async function watchRun(
  { cli, server }: { cli: Cli; server: Server },
  runId: string,
  options: WatchOptions,
): Promise<number> {
  const { output } = cli;
  const printer = new RunPrinter(output, { step: options.step, silent: options.json });
  const leaving = new AbortController();
  let presses = 0;
  const onInterrupt = (): void => {
    presses += 1;
    if (presses === 1) {
      output.note(
        `\nThe run goes on. Watch it again with: coder logs ${options.number} -f\nPress Ctrl-C again to cancel it.`,
      );
      void delay(secondPressMs).then(() => presses === 1 && leaving.abort());
    } else if (presses === 2) {
      output.note("Canceling the run");
      server.api.runs.cancel.mutate({ runId }).catch((error: unknown) => leaving.abort(error));
    } else leaving.abort();
  };
  process.on("SIGINT", onInterrupt);
  try {
    await followRun(server, runId, {
      follow: true,
      signal: leaving.signal,
      onEvent: ({ event }) => printer.add(event),
      onAway: (away) =>
        output.note(away ? `${server.url} does not answer; waiting for it` : "It answers again"),
    });
  } catch (thrown) {
    const error = toCliError(thrown);
    if (error.code !== "unavailable") throw thrown;
    const again = `coder logs ${options.number} -f`;
    throw new CoderError("unavailable", `${error.message} Watch the run again with: ${again}`, {
      cause: thrown,
    });
  } finally {
    process.off("SIGINT", onInterrupt);
  }
  if (leaving.signal.aborted) return exitCodes.canceled;
  finish(cli, printer, { number: options.number, id: runId, json: options.json });
  return printer.status === "succeeded" ? exitCodes.ok : exitCodes.failed;
}

/** The end of a run on the terminal, or as one document. */
export function finish(
  { output }: Cli,
  printer: RunPrinter,
  run: { number: number; id: string; json: boolean },
): void {
  const report: { number: number; id: string } & RunReport = {
    number: run.number,
    id: run.id,
    ...printer.report,
  };
  if (run.json) output.json(report);
  else printer.summary();
}

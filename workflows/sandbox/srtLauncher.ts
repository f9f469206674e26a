/**
 * Runs one command in srt's sandbox, as srt's own command line (`srt --settings <file> -- <command>`) does, but for one
 * thing: masked secrets come in over fd 3 and not by the environment. srt hands its environment on to bubblewrap, whose
 * first process is pid 1 inside, where every command could read the real values in /proc/1/environ. Here they are in
 * the environment only while the masks are made, which no other process ever sees.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { SandboxManager, SandboxRuntimeConfigSchema } from "@anthropic-ai/sandbox-runtime";

async function main(): Promise<void> {
  const [settingsFile = "", ...command] = process.argv.slice(2);
  const config = SandboxRuntimeConfigSchema.parse(JSON.parse(readFileSync(settingsFile, "utf8")));
  const secrets = await readSecrets();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error("interrupted"));
  process.once("SIGTERM", interrupt);
  process.once("SIGINT", interrupt);
  await SandboxManager.initialize(config);
  Object.assign(process.env, secrets);
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const wrapped = await SandboxManager.wrapWithSandbox(line, undefined, undefined, interrupted.signal);
  for (const name of Object.keys(secrets)) delete process.env[name];
  interrupted.signal.throwIfAborted();
  const child = spawn(wrapped, { shell: true, stdio: "inherit" });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGINT", () => child.kill("SIGINT"));
  child.on("error", fail);
  child.on("exit", (code, signal) => {
    // bubblewrap leaves empty files where it denied paths that were not there.
    SandboxManager.cleanupAfterCommand();
    process.exit(signal === "SIGTERM" || signal === "SIGINT" ? 0 : (code ?? 1));
  });
}

/** One JSON object of names and values, to the end of the pipe; nothing where there is no pipe. */
async function readSecrets(): Promise<Record<string, string>> {
  if (process.env.CODER_SECRETS_FD !== "3") return {};
  delete process.env.CODER_SECRETS_FD;
  const pipe = new Socket({ fd: 3, readable: true, writable: false });
  return JSON.parse(await text(pipe)) as Record<string, string>;
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

main().catch(fail);

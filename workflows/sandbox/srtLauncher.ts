/**
 * Runs one command in srt's sandbox, as srt's own command line (`srt --settings <file> -- <command>`) does, but for one
 * thing: masked secrets come in over fd 3 and not by the environment. srt hands its environment on to bubblewrap, whose
 * first process is pid 1 inside, where every command could read the real values in /proc/1/environ. Here they are in
 * the environment only while the masks are made, which no other process ever sees.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { isIP, Socket } from "node:net";
import { text } from "node:stream/consumers";
import {
  SandboxManager,
  SandboxRuntimeConfigSchema,
  type SandboxAskCallback,
  type SandboxRuntimeConfig,
} from "@anthropic-ai/sandbox-runtime";
import { decideNetwork } from "../../shared/policy/decideNetwork.ts";
import type { ReachedHost } from "./sandbox.ts";

/** What the worker tells the launcher, in a file that only the two can read. */
export interface SrtLaunch {
  /** srt's own settings. */
  sandbox: object;
  /** The policy that decides about each connection. */
  network: { allowed_domains: string[] };
  registryHosts: string[];
}

async function main(): Promise<void> {
  // For this process only: commands have no business in it, and srt hands on its environment.
  delete process.env.NODE_COMPILE_CACHE;
  const [settingsFile = "", ...command] = process.argv.slice(2);
  const launch = JSON.parse(readFileSync(settingsFile, "utf8")) as SrtLaunch;
  const config = SandboxRuntimeConfigSchema.parse(launch.sandbox);
  const secrets = await readSecrets();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort(new Error("interrupted"));
  process.once("SIGTERM", interrupt);
  process.once("SIGINT", interrupt);
  await SandboxManager.initialize(config, decideHosts(launch));
  Object.assign(process.env, secrets);
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const wrapped = await SandboxManager.wrapWithSandbox(line, undefined, undefined, interrupted.signal);
  for (const name of Object.keys(secrets)) delete process.env[name];
  interrupted.signal.throwIfAborted();
  SandboxManager.updateConfig(askAbout(config));
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

/**
 * From here on srt asks about every connection, instead of matching its own list. Addresses in digits that are listed stay
 * in it: it looks there for which private addresses a listed name may lead to.
 */
function askAbout(config: SandboxRuntimeConfig): SandboxRuntimeConfig {
  const addresses = config.network.allowedDomains.filter((domain) => isAddress(domain));
  return {
    ...config,
    network: { ...config.network, allowedDomains: addresses, strictAllowlist: false },
  };
}

function isAddress(domain: string): boolean {
  return isIP(domain.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")) !== 0;
}

/**
 * Decides as the policy has it, and says so on fd 4 before anything is let through: a connection whose record cannot be
 * written is not made.
 */
function decideHosts({ network, registryHosts }: SrtLaunch): SandboxAskCallback {
  const record = new Socket({ fd: 4, readable: false, writable: true });
  return async ({ host, port = 443 }) => {
    const { kind } = decideNetwork({ host, port }, network, { registryHosts });
    const reached: ReachedHost = { host: host.slice(0, 255), port, allowed: kind === "allow" };
    await new Promise<void>((resolve, reject) => {
      record.write(`${JSON.stringify(reached)}\n`, (error) => (error ? reject(error) : resolve()));
    });
    return kind === "allow" || { allow: false, reason: "host is not on the allow list" };
  };
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

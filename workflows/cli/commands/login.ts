import { spawn } from "node:child_process";
import { hostname } from "node:os";
import type { Command } from "commander";
import { z } from "zod";
import { CoderError } from "../../../shared/errors.ts";
import { makeApi, normalUrl, serverUrl, toCliError } from "../api.ts";
import { canAsk, readSecret } from "../ask.ts";
import type { Cli } from "../cli.ts";
import { readCredentials, writeCredentials } from "../credentials.ts";

interface LoginOptions {
  url?: string;
  token?: string;
  owner: boolean;
}

export function addLogin(program: Command, cli: Cli): void {
  program
    .command("login")
    .description("sign in at a server and keep an access token for it")
    .option("--url <url>", "address of the server (default: CODER_URL, or http://localhost:3000)")
    .option(
      "--token <token>",
      "an access token made in the Studio; without it you are asked, or it is read from standard input",
    )
    .option("--no-owner", "do not sign in as the owner of a server on this machine")
    .addHelpText(
      "after",
      "\nExamples:\n  coder login\n  coder login --url https://coder.example.com\n  printenv TOKEN | coder login --url https://coder.example.com\n\nIn CI set CODER_URL and CODER_TOKEN instead.",
    )
    .action(async (options: LoginOptions) => login(cli, options));
}

async function login(cli: Cli, options: LoginOptions): Promise<void> {
  const url = options.url === undefined ? await serverUrl(cli.env) : normalUrl(options.url);
  const token =
    options.token ??
    (options.owner && canBeOwner(url) ? await ownerToken(url) : undefined) ??
    (await askForToken(cli, url));
  if (token === "") throw new CoderError("bad_input", "No token was given");
  const { user } = await makeApi(url, token).session.me.query();
  const kept = await readCredentials(cli.env);
  await writeCredentials(cli.env, { current: url, tokens: { ...kept.tokens, [url]: token } });
  cli.output.print(`Signed in at ${url} as ${user.email}`);
}

async function askForToken(cli: Cli, url: string): Promise<string> {
  if (canAsk()) {
    const page = `${url}/settings/tokens`;
    cli.output.note(`Make an access token at ${page}`);
    openInBrowser(page);
  }
  return (await readSecret("Paste it here (it is not shown): ")).trim();
}

/** A page is a convenience: where nothing can open one, its address has been printed. */
function openInBrowser(page: string): void {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  spawn(program, [page], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}

/** The owner's one click is for names of this machine only: `localhost`, as a browser on it would call. */
function canBeOwner(url: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(url).hostname);
}

/** A token of the owner of a server on this machine; undefined where that server does not sign its owner in. */
async function ownerToken(url: string): Promise<string | undefined> {
  // The server signs its owner in at the name localhost only.
  const origin = `http://localhost:${new URL(url).port}`;
  const response = await fetch(`${origin}/local/owner-session`, {
    method: "POST",
    headers: { origin },
    signal: AbortSignal.timeout(10_000),
  }).catch((cause: unknown) => {
    throw new CoderError(
      "unavailable",
      `No server answers at ${url}; start one with npm start, or name another with --url`,
      { cause },
    );
  });
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const { access_token: session } = z.object({ access_token: z.string() }).parse(await response.json());
  try {
    const name = `coder on ${hostname()}`.slice(0, 80);
    const made = await makeApi(url, session).accessTokens.create.mutate({
      name,
      orgId: null,
      scope: "write",
    });
    return made.token;
  } catch (error) {
    throw toCliError(error);
  }
}

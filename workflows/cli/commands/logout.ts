import type { Command } from "commander";
import { makeApi, serverUrl, toCliError } from "../api.ts";
import type { Cli } from "../cli.ts";
import { readCredentials, writeCredentials } from "../credentials.ts";

export function addLogout(program: Command, cli: Cli): void {
  program
    .command("logout")
    .description("end the kept access token and forget it")
    .action(() => logout(cli));
}

async function logout({ env, output }: Cli): Promise<void> {
  const url = await serverUrl(env);
  const kept = await readCredentials(env);
  const { [url]: token, ...others } = kept.tokens;
  if (token === undefined) {
    output.print(`You are not signed in at ${url}.`);
    return;
  }
  await writeCredentials(env, { current: Object.keys(others)[0] ?? null, tokens: others });
  try {
    await makeApi(url, token).accessTokens.revokeCurrent.mutate();
    output.print(`Signed out of ${url}; the token is revoked.`);
  } catch (thrown) {
    // Forgotten here all the same: who signs out must not stay signed in because a server is away.
    output.print(`Signed out of ${url}.`);
    output.note(`The token could not be revoked there: ${toCliError(thrown).message}`);
  }
}

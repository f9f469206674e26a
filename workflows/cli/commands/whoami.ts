import type { Command } from "commander";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";

export function addWhoami(program: Command, cli: Cli): void {
  program
    .command("whoami")
    .description("show the server, the account and the token in use")
    .option("--json", "print as JSON")
    .action(async (options: { json?: true }) => {
      const { url, api } = await connect(cli.env);
      const [me, token] = await Promise.all([api.session.me.query(), api.accessTokens.current.query()]);
      if (options.json) {
        cli.output.json({ url, user: me.user, organisations: me.orgs, token });
        return;
      }
      cli.output.print(`${me.user.email} at ${url}`);
      cli.output.print(`Organisations: ${me.orgs.map((org) => `${org.slug} (${org.role})`).join(", ")}`);
      if (token !== null) {
        const until =
          token.expiresAt === null ? "does not expire" : `expires ${token.expiresAt.slice(0, 10)}`;
        const rights = token.scope === "write" ? "read and write" : "read";
        cli.output.print(`Token: ${token.name} (${token.prefix}…, ${rights}, ${until})`);
      }
    });
}

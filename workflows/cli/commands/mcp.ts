import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { Command } from "commander";
import { connect, toCliError } from "../api.ts";
import type { Cli } from "../cli.ts";

/** JSON-RPC: the server could not answer. https://www.jsonrpc.org/specification#error_object */
const internalError = -32_603;

export function addMcp(program: Command, cli: Cli): void {
  program
    .command("mcp")
    .description("serve the Model Context Protocol on stdin and stdout, with the signed-in account's rights")
    .addHelpText("after", '\nIn a client\'s settings: { "command": "coder", "args": ["mcp"] }')
    .action(async () => {
      const { url, token } = await connect(cli.env);
      await bridge(new URL(`${url}/mcp`), token);
    });
}

/** Passes messages between a client on stdin and stdout and the server's `/mcp`, unread, until the client leaves. */
async function bridge(url: URL, token: string): Promise<void> {
  const client = new StdioServerTransport();
  const server = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  const ended = new Promise<void>((resolve) => (client.onclose = resolve));
  server.onmessage = (message) => void client.send(message);
  client.onmessage = (message) => {
    server.send(message).catch((error: unknown) => {
      // A notification expects no answer; a request must not wait for ever.
      if (!("id" in message) || !("method" in message) || message.id === undefined) return;
      const { message: reason } = toCliError(error);
      void client.send({ jsonrpc: "2.0", id: message.id, error: { code: internalError, message: reason } });
    });
  };
  await server.start();
  await client.start();
  await ended;
  await server.close();
}

import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { toClosedError } from "../closedError.ts";
import type { Context } from "../context.ts";
import { appRouter } from "../router.ts";
import { tools, type McpTool } from "./tools.ts";

const instructions = `Coder runs workflows as code: YAML files under .coder/workflows of a project's repository.
A project is named "organisation/project". Lint a file before you commit it; after run_workflow call watch_run until the run has ended.
An approval is for exactly the content whose hash it names: show a person what would happen before you decide it.`;

/**
 * The Model Context Protocol over HTTP, for one caller: every tool is a call of the API with the caller's own rights,
 * so row-level security, the token's scope and policy hold here as everywhere. Stateless.
 * @see https://modelcontextprotocol.io/specification
 */
export async function answerMcp(request: Request, context: Context): Promise<Response> {
  try {
    context.signedIn();
  } catch (thrown) {
    const { message } = toClosedError(thrown);
    const headers = { "www-authenticate": 'Bearer realm="Coder"' };
    return Response.json({ error: { code: "unauthenticated", message } }, { status: 401, headers });
  }
  const api = appRouter.createCaller(context);
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "coder", title: "Coder", version: "1" }, { instructions });
    for (const tool of tools) register(server, tool, api);
    return server;
  });
  return handler.fetch(request);
}

function register(server: McpServer, tool: McpTool, api: ReturnType<typeof appRouter.createCaller>): void {
  const { name, title, description, input, readOnly, destructive = false } = tool;
  const annotations = { title, readOnlyHint: readOnly, destructiveHint: destructive, openWorldHint: false };
  server.registerTool(name, { title, description, inputSchema: input, annotations }, async (values) => {
    try {
      const answer = await tool.call(api, values);
      return { content: [{ type: "text" as const, text: JSON.stringify(answer, null, 1) }] };
    } catch (thrown) {
      const error = toClosedError(thrown);
      // What went wrong inside stays in the server's log; the model gets the closed code.
      const message = error.code === "internal" ? "Something went wrong on the server." : error.message;
      return { isError: true, content: [{ type: "text" as const, text: `${error.code}: ${message}` }] };
    }
  });
}

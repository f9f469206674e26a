import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { beforeAll, describe, expect, test } from "vitest";
import { ciYaml, type TestUser, type World } from "./world.ts";

/** Drives the API as any MCP client does: with the official SDK's client, over HTTP. */
export function describeMcp(world: World): void {
  const { as, newProject, append, people } = world;
  const path = ".coder/workflows/ci.yaml";
  let owner: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgSlug: string;
  beforeAll(async () => {
    ({ owner, viewer, stranger } = people());
    orgSlug = (await as(owner).session.me.query()).orgs.find((org) => org.id === people().orgId)!.slug;
  });

  async function connected<T>(token: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ name: "test", version: "1" });
    const url = new URL(`${people().api.origin}/functions/v1/api/mcp`);
    const headers = { authorization: `Bearer ${token}` };
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  }
  async function call(client: Client, name: string, values: Record<string, unknown>): Promise<any> {
    const result = (await client.callTool({ name, arguments: values })) as {
      isError?: boolean;
      content: { text: string }[];
    };
    const text = result.content[0]!.text;
    return result.isError ? { error: text } : JSON.parse(text);
  }

  describe("MCP", () => {
    test("W190 the tools say what they do and which of them change something", async () => {
      const { tools } = await connected(owner.token, (client) => client.listTools());
      const hints = Object.fromEntries(tools.map((tool) => [tool.name, tool.annotations?.readOnlyHint]));
      expect(hints).toMatchObject({
        list_workflows: true,
        lint_workflow: true,
        watch_run: true,
        run_workflow: false,
        cancel_run: false,
        decide_approval: false,
      });
      expect(tools.filter((tool) => !tool.description || !tool.title)).toEqual([]);
    });

    test("W190 a workflow is listed, linted, run, watched and canceled", async () => {
      const { slug } = await newProject({ [path]: ciYaml });
      const project = `${orgSlug}/${slug}`;
      await connected(owner.token, async (client) => {
        expect(await call(client, "list_projects", {})).toContainEqual(expect.objectContaining({ project }));
        expect(await call(client, "list_workflows", { project })).toMatchObject([{ path, problems: [] }]);
        const lint = await call(client, "lint_workflow", { yaml: "name: x\nsteps: [{ type: comand }]" });
        expect(lint.problems[0].text).toMatch(/^workflow\.yaml:2:\d+ /);
        const intent = { project, path, inputs: { channel: "stable" } };
        const { number } = await call(client, "run_workflow", intent);
        const queued = await call(client, "watch_run", { project, number });
        expect(queued).toMatchObject({ status: "queued", ended: false, seq: 1 });
        const { id: runId } = await as(owner).runs.get.query({
          projectId: (await as(owner).projects.bySlug.query({ org: orgSlug, slug })).id,
          number,
        });
        await append(runId, "started", { type: "run.started", workerId: "w" });
        const chunks = [{ stream: "out", text: "hello\n", at: 0 }];
        await append(runId, "log", { type: "step.log", stepId: "install", chunks });
        const seen = await call(client, "watch_run", { project, number, after_seq: queued.seq });
        expect(seen).toMatchObject({ status: "running", log: "hello\n", logIsCut: false });
        expect(await call(client, "cancel_run", { project, number })).toEqual({ ok: true });
        const canceled = await as(owner).runs.eventsAfter.query({ runId, afterSeq: seen.seq });
        expect(canceled.map((stored) => stored.event.type)).toEqual(["cancel.requested"]);
      });
    });

    test("W191 the caller's own rights decide; errors are answers with the closed code", async () => {
      const { slug } = await newProject({ [path]: ciYaml });
      const project = `${orgSlug}/${slug}`;
      const byStranger = await connected(stranger.token, (client) =>
        call(client, "list_workflows", { project }),
      );
      expect(byStranger.error).toMatch(/^not_found: /);
      const byViewer = await connected(viewer.token, (client) =>
        call(client, "run_workflow", { project, path }),
      );
      expect(byViewer.error).toMatch(/^forbidden: /);
      const wrong = await connected(owner.token, (client) =>
        call(client, "run_workflow", { project, path, inputs: { channel: "nightly" } }),
      );
      expect(wrong.error).toMatch(/^bad_input: .*channel/);
    });

    test("W191 a token that may only read starts nothing", async () => {
      const { slug } = await newProject({ [path]: ciYaml });
      const { token } = await as(owner).accessTokens.create.mutate({
        name: "reader",
        scope: "read",
        orgId: null,
        expiresInDays: 1,
      } as never);
      const project = `${orgSlug}/${slug}`;
      await connected(token, async (client) => {
        expect(await call(client, "list_workflows", { project })).toMatchObject([{ path }]);
        expect((await call(client, "run_workflow", { project, path })).error).toMatch(/^forbidden: /);
      });
    });

    test("W191 without a valid token there is a challenge and nothing else", async () => {
      for (const authorization of [undefined, "Bearer nonsense"]) {
        const response = await fetch(`${people().api.origin}/functions/v1/api/mcp`, {
          method: "POST",
          headers: { "content-type": "application/json", ...(authorization ? { authorization } : {}) },
          body: "{}",
        });
        expect(response.status).toBe(401);
        expect(response.headers.get("www-authenticate")).toContain("Bearer");
      }
    });
  });
}

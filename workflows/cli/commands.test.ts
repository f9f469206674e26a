import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoredRunEvent } from "../../shared/run/events.ts";
import { startTestStack, type TestStack } from "../../supabase/local/testing.ts";
import { makeApi, type Api, type Outputs } from "./api.ts";
import { followRun } from "./followRun.ts";
import { gitIn, makeHome, type Finished } from "./testing.ts";

/** The commands against a real stack, and the same workflows run without one: what they tell must be the same. */

const home = makeHome();
const { coder } = home;
let stack: TestStack;
let api: Api;
let token: string;
let login: Finished;
let projectId: string;
let project: string;
let root: string;

const file = (name: string, rest: string): [string, string] => [
  `.coder/workflows/${name}.yaml`,
  `name: ${name}\ntriggers: [{ type: manual }]\n${rest}`,
];
const step = (id: string, command: string, more = ""): string =>
  `  - { step_id: ${id}, type: command, command: ${JSON.stringify(command)}${more} }\n`;

const files = Object.fromEntries([
  ["index.html", "<h1>Hello</h1>\n"],
  file(
    "success",
    `inputs: { who: { type: string, default: world }, loud: { type: boolean, default: false } }\nsteps:\n${step("a", 'echo "hello $WHO $LOUD"', ", env: { WHO: '${{ inputs.who }}', LOUD: '${{ inputs.loud }}' }")}${step("b", "test -f index.html && echo two >&2")}`,
  ),
  file("failure", `steps:\n${step("a", "echo before; exit 3")}${step("b", "echo never")}`),
  file(
    "retry",
    `steps:\n${step("a", "if test -f tried; then echo good; else touch tried; exit 1; fi", ", on_failure: { type: retry, max_attempts: 2, backoff_sec: 0 }")}`,
  ),
  file(
    "graph",
    `steps:\n${step("a", "echo a")}${step("b", "echo b", ", needs: [a]")}${step("c", "echo c", ", needs: [a]")}${step("d", "echo d", ", needs: [b, c]")}`,
  ),
  file(
    "skip",
    `steps:\n${step("a", "echo a")}${step("b", "echo b", ', if: "run.number < 0"')}${step("c", "echo c")}`,
  ),
  file("ship", "steps:\n  - { step_id: d, type: deploy, target: preview }\n"),
  file("ask", `steps:\n  - { step_id: ok, type: approve, reason: Go on? }\n${step("after", "echo after")}`),
  file("half", `steps:\n${step("a", "echo first half")}${step("b", "echo second half; exit 1")}`),
  file("long", `steps:\n${step("a", "echo started; sleep 60")}`),
]);

beforeAll(async () => {
  stack = await startTestStack();
  root = home.project(files, { git: true });
  login = await coder(["login", "--url", stack.url]);
  const kept = JSON.parse(readFileSync(join(home.directory, "config/coder/credentials.json"), "utf8")) as {
    tokens: Record<string, string>;
  };
  token = kept.tokens[stack.url]!;
  api = makeApi(stack.url, token);
  const [org] = (await api.session.me.query()).orgs;
  const list = Object.entries(files).map(([path, content]) => ({
    path,
    content: Buffer.from(content).toString("base64"),
  }));
  const made = await api.projects.create.mutate({
    id: (projectId = randomUUID()),
    orgId: org!.id,
    name: "Shop",
    source: "upload",
    files: list,
  });
  project = `${made.orgSlug}/${made.slug}`;
  gitIn(root, "remote", "add", "coder", `${stack.url}/git/${project}.git`);
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  home.close();
});

/** What happened, without what differs from run to run: times, ids, and the pieces that output arrives in. */
function told(events: StoredRunEvent[]): string[] {
  const lines = events.map(({ event }) => {
    const parts: string[] = [event.type];
    if ("stepId" in event && event.stepId !== null) parts.push(event.stepId);
    if ("status" in event) parts.push(event.status);
    if ("attempt" in event) parts.push(String(event.attempt));
    if (event.type === "artifact.created") parts.push(event.artifact.kind, event.artifact.name);
    if ("failure" in event && event.failure !== null) parts.push(event.failure.code);
    return parts.join(" ");
  });
  return lines.filter((line) => !line.startsWith("step.log "));
}

/** The whole output of each step and stream, without the addresses in it. */
function written(events: StoredRunEvent[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { event } of events) {
    if (event.type !== "step.log") continue;
    for (const { stream, text } of event.chunks) {
      const key = `${event.stepId} ${stream}`;
      texts[key] = (texts[key] ?? "") + text;
    }
  }
  for (const key of Object.keys(texts)) texts[key] = texts[key]!.replaceAll(/https?:\S+/g, "URL");
  return texts;
}

/** All events of a run of the server, once it has ended. */
async function serverEvents(number: number): Promise<StoredRunEvent[]> {
  const { id: runId } = await api.runs.get.query({ projectId, number });
  const events: StoredRunEvent[] = [];
  await followRun({ url: stack.url, api }, runId, { follow: true, onEvent: (event) => events.push(event) });
  return events;
}
const localEvents = (directory: string): StoredRunEvent[] =>
  readFileSync(join(directory, "events.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as StoredRunEvent);

async function startOnServer(workflow: string): Promise<number> {
  const workflowPath = `.coder/workflows/${workflow}.yaml`;
  return (await api.runs.start.mutate({ id: randomUUID(), projectId, workflowPath })).number;
}

type Waiting = [Outputs["approvals"]["inbox"]["waiting"][number]];

/** A way to the server that can be shut: connections break, and new ones are refused. */
async function openDoor(to: number) {
  const connections = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connectTcp(to, "127.0.0.1");
    for (const socket of [client, upstream]) {
      connections.add(socket);
      socket
        .on("error", () => undefined)
        .on("close", () => [client, upstream].forEach((one) => one.destroy()));
    }
    client.pipe(upstream).pipe(client);
  });
  const listen = async (port: number): Promise<number> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    url: `http://127.0.0.1:${port}`,
    open: () => listen(port),
    close() {
      server.close();
      for (const socket of connections) socket.destroy();
      connections.clear();
    },
  };
}

describe("on a server", () => {
  test("login keeps a token in a file of one's own; whoami tells whose; CODER_TOKEN wins", async () => {
    expect(login).toEqual({
      code: 0,
      stdout: `Signed in at ${stack.url} as owner@localhost\n`,
      stderr: "",
    });
    const path = join(home.directory, "config/coder/credentials.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const me = await coder(["whoami", "--json"]);
    expect(JSON.parse(me.stdout)).toMatchObject({
      url: stack.url,
      user: { email: "owner@localhost" },
      token: { scope: "write", name: expect.stringMatching(/^coder on /) },
    });
    const other = await coder(["whoami"], { env: { CODER_TOKEN: `cpt_${"x".repeat(43)}` } });
    expect(other).toMatchObject({
      code: 3,
      stderr: "This access token is unknown; run coder login, or set another CODER_TOKEN\n",
    });
  });

  test("run --watch shows the steps and ends with the result; the project is that of the remote", async () => {
    const good = await coder(["run", "success", "--watch", "-i", "who=you", "-i", "loud=true"], {
      cwd: root,
    });
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/▸ .*\n {2}hello you true\n/);
    expect(good.stdout).toMatch(/success succeeded\n$/);
    const bad = await coder(["run", "failure", "--watch", "--json"], { cwd: root });
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      status: "failed",
      steps: [
        { id: "a", status: "failed" },
        { id: "b", status: expect.stringMatching(/pending|skipped/) },
      ],
    });
    const wrong = await coder(["run", "sucess"], { cwd: root });
    expect(wrong).toMatchObject({ code: 3, stderr: "There is no workflow sucess; did you mean success?\n" });
    expect((await coder(["run", "success", "-i", "loud=perhaps"], { cwd: root })).code).toBe(2);
  });

  test("list shows runs and workflows; rerun starts the same again", async () => {
    const number = await startOnServer("success");
    await serverEvents(number);
    const list = await coder(["list", "--json", "--workflow", ".coder/workflows/success.yaml"], {
      cwd: root,
    });
    const { runs } = JSON.parse(list.stdout) as { runs: { number: number; status: string }[] };
    expect(runs[0]).toMatchObject({ number, status: "succeeded" });
    expect((await coder(["list", "-n", "1"], { cwd: root })).stdout).toContain(`#${number}`);
    expect((await coder(["list", "workflows"], { cwd: root })).stdout).toContain(
      ".coder/workflows/graph.yaml",
    );
    expect((await coder(["list", "--status", "gone"], { cwd: root })).code).toBe(2);
    const again = await coder(["rerun", String(number), "--watch"], { cwd: root });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("hello world false") });
    const failed = await startOnServer("half");
    await serverEvents(failed);
    const rest = await coder(["rerun", String(failed), "--failed", "--watch"], { cwd: root });
    expect(rest.stdout).toMatch(/▸ echo first half\n {2}Taken over from run #\d+\.\n/);
    expect(rest.stdout).toContain("\n  second half\n");
    expect((await coder(["logs", "9999"], { cwd: root })).code).toBe(3);
  });

  test("approve shows what would happen with its hash, and decides about exactly that", async () => {
    const number = await startOnServer("ask");
    await expect
      .poll(async () => (await api.approvals.inbox.query()).waiting.length, { timeout: 20_000 })
      .toBe(1);
    const shown = await coder(["approve", String(number), "--json"], { cwd: root });
    const { contentHash } = JSON.parse(shown.stdout) as { contentHash: string };
    const unasked = await coder(["approve", String(number)], { cwd: root });
    expect(unasked).toMatchObject({ code: 2, stdout: expect.stringContaining(contentHash) });
    expect((await coder(["approve", String(number), "--yes", "--hash", "0"], { cwd: root })).code).toBe(1);
    const args = ["approve", String(number), "--yes", "--hash", contentHash, "--comment", "fine"];
    expect(await coder(args, { cwd: root })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("approved."),
    });
    expect((await coder(["logs", String(number), "-f"], { cwd: root })).code).toBe(0);
    expect((await coder(["approve", String(number), "--yes"], { cwd: root })).code).toBe(3);
  });

  test("W280 logs -f waits for a server that is away, says so, and loses and doubles nothing", async () => {
    const number = await startOnServer("ask");
    await expect
      .poll(async () => (await api.approvals.inbox.query()).waiting.length, { timeout: 20_000 })
      .toBe(1);
    const [{ id: approvalId, contentHash }] = (await api.approvals.inbox.query()).waiting as Waiting;
    const door = await openDoor(Number(new URL(stack.url).port));
    const env = { CODER_URL: door.url, CODER_TOKEN: token };
    const child = home.start({ args: ["logs", String(number), "-f", "--project", project], env });
    let [stdout, notes] = ["", ""];
    child.stdout!.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr!.on("data", (chunk: Buffer) => (notes += chunk.toString()));
    await expect.poll(() => stdout, { timeout: 20_000 }).toContain("Go on?");
    door.close();
    await expect
      .poll(() => notes, { timeout: 20_000 })
      .toContain(`${door.url} does not answer; waiting for it`);
    await api.approvals.decide.mutate({ approvalId, contentHash, decision: "approved" });
    await door.open();
    const [code] = (await once(child, "close")) as [number];
    door.close();
    expect([code, notes]).toEqual([0, `${door.url} does not answer; waiting for it\nIt answers again\n`]);
    expect(stdout.split("\n").filter((line) => line === "  after")).toHaveLength(1);
  });

  test("secrets are set from standard input, listed without their values, and removed", async () => {
    const value = "s3cret-value";
    const set = await coder(["secrets", "set", "NPM_TOKEN"], { cwd: root, input: `${value}\n` });
    expect(set).toMatchObject({ code: 0, stdout: expect.stringContaining("NPM_TOKEN") });
    const listed = await coder(["secrets", "list", "--json"], { cwd: root });
    expect(JSON.parse(listed.stdout)).toMatchObject({ secrets: [{ name: "NPM_TOKEN", scope: "project" }] });
    expect(set.stdout + set.stderr + listed.stdout).not.toContain(value);
    expect((await coder(["secrets", "set", "NODE_OPTIONS"], { cwd: root, input: value })).code).toBe(2);
    expect((await coder(["secrets", "remove", "NPM_TOKEN"], { cwd: root })).code).toBe(0);
    expect((await coder(["secrets", "remove", "NPM_TOKEN"], { cwd: root })).code).toBe(3);
  });

  test("policy what-if lists what an edited file would have answered otherwise", async () => {
    await serverEvents(await startOnServer("ship"));
    const path = ".coder/workflows/ship.yaml";
    const cwd = home.project({
      [path]: `${files[path]}policies: { gates: { require_human_approval_for: [deploy.preview] } }\n`,
    });
    const ask = async (directory: string) => {
      const args = ["policy", "what-if", path, "--json", "--project", project];
      const { code, stdout } = await coder(args, { cwd: directory });
      expect(code).toBe(0);
      return JSON.parse(stdout) as { runs: number; differences: object[] };
    };
    const { runs, differences } = await ask(cwd);
    expect(runs).toBeGreaterThan(0);
    expect(differences).toContainEqual(
      expect.objectContaining({ action: "deploy.preview", answer: "allow", newAnswer: "ask" }),
    );
    expect((await ask(root)).differences).toEqual([]);
  });

  test("Ctrl-C leaves the run and says how to come back; a second one cancels it", async () => {
    const child = home.start({ args: ["run", "long", "--watch"], cwd: root });
    let notes = "";
    child.stderr!.on("data", (chunk: Buffer) => (notes += chunk.toString()));
    await untilLine(child, "  started");
    child.kill("SIGINT");
    await expect.poll(() => notes).toMatch(/Watch it again with: coder logs \d+ -f/);
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number];
    expect(code).toBe(1);
    const [last] = (await api.runs.list.query({ projectId, limit: 1 })).items;
    expect(last!.status).toBe("canceled");
  });
});

test("W269 coder init on a server: what fits the project, tried there, as one change", async () => {
  const [org] = (await api.session.me.query()).orgs;
  const sources = {
    "package.json": JSON.stringify({ name: "till", private: true, scripts: { test: "node --test" } }),
    "sum.test.js": 'require("node:test")("adds", () => {});\n',
  };
  const made = await api.projects.create.mutate({
    id: randomUUID(),
    orgId: org!.id,
    name: "Till",
    source: "upload",
    files: Object.entries(sources).map(([path, text]) => ({
      path,
      content: Buffer.from(text).toString("base64"),
    })),
  });
  const till = `${made.orgSlug}/${made.slug}`;
  const opened = await coder(["init", "--open", "--json", "--project", till]);
  expect(opened).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Run #1: http:\S+\n$/) });
  expect(JSON.parse(opened.stdout)).toMatchObject({
    run: 1,
    proposal: {
      files: expect.arrayContaining([
        expect.objectContaining({ path: ".coder/workflows/ci.yaml", trial: expect.anything() }),
      ]),
    },
    change: { changeNumber: 1 },
  });
}, 120_000);

function untilLine(child: ReturnType<typeof home.start>, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = "";
    createInterface({ input: child.stdout! }).on("line", (line) => {
      seen += `${line}\n`;
      if (line === wanted) resolve();
    });
    child.once("close", (code) => reject(new Error(`ended with ${code}:\n${seen}`)));
  });
}

describe("run --local", () => {
  const local = async (workflow: string, ...args: string[]) => {
    const directory = join(home.directory, `out-${randomUUID()}`);
    const finished = await coder(["run", workflow, "--local", "--artifacts", directory, ...args], {
      cwd: root,
    });
    return { ...finished, directory };
  };

  test.each(["success", "failure", "retry", "skip", "ship"])(
    "W175 %s: the same events in the same order as on the server",
    async (name) => {
      const number = await startOnServer(name);
      const { directory, code } = await local(name);
      const here = localEvents(directory);
      const there = await serverEvents(number);
      expect(told(here)).toEqual(told(there));
      expect(written(here)).toEqual(written(there));
      expect(code).toBe(name === "failure" ? 1 : 0);
      expect(here.map((event) => event.seq)).toEqual(here.map((_, index) => index + 1));
    },
  );

  test("W176 a graph: the same events per step; what runs side by side has no order", async () => {
    const number = await startOnServer("graph");
    const { directory } = await local("graph");
    const perStep = (events: StoredRunEvent[]) => {
      const lines = told(events);
      return Object.fromEntries(
        ["a", "b", "c", "d", ""].map((id) => [id, lines.filter((line) => (line.split(" ")[1] ?? "") === id)]),
      );
    };
    expect(perStep(localEvents(directory))).toEqual(perStep(await serverEvents(number)));
  });

  test("W177 an approval asks here, and --yes answers; nobody there is a rejection that says so", async () => {
    const yes = await local("ask", "--yes");
    expect(yes).toMatchObject({ code: 0, stdout: expect.stringMatching(/hash {5}[0-9a-f]{64}/) });
    const number = (
      await api.runs.list.query({
        projectId,
        workflowPath: ".coder/workflows/ask.yaml",
        limit: 1,
      })
    ).items[0]!.number;
    expect(told(localEvents(yes.directory))).toEqual(told(await serverEvents(number)));
    const no = await local("ask");
    expect(no).toMatchObject({ code: 1, stdout: expect.stringContaining("with --yes") });
  });

  test("W178 Ctrl-C cancels it, as coder cancel does on the server", async () => {
    const number = await startOnServer("long");
    const id = (await api.runs.get.query({ projectId, number })).id;
    await expect
      .poll(
        async () =>
          (await api.runs.eventsAfter.query({ runId: id, afterSeq: 0 })).some(
            ({ event }) => event.type === "step.log",
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
    expect((await coder(["cancel", String(number)], { cwd: root })).code).toBe(0);
    const directory = join(home.directory, "canceled");
    const child = home.start({ args: ["run", "long", "--local", "--artifacts", directory], cwd: root });
    await untilLine(child, "  started");
    child.kill("SIGINT");
    expect(((await once(child, "close")) as [number])[0]).toBe(130);
    expect(told(localEvents(directory))).toEqual(told(await serverEvents(number)));
  });

  test("W179 it runs the files as they are, and leaves the repository as it was", async () => {
    const cwd = home.project(files, { git: true });
    writeFileSync(join(cwd, "index.html"), "<h1>Changed</h1>\n");
    writeFileSync(join(cwd, "new.txt"), "new");
    writeFileSync(join(cwd, "staged.txt"), "staged");
    gitIn(cwd, "add", "staged.txt");
    const state = () => [
      gitIn(cwd, "status", "--porcelain"),
      gitIn(cwd, "rev-parse", "HEAD"),
      gitIn(cwd, "count-objects"),
    ];
    const before = state();
    mkdirSync(join(cwd, "sub"));
    const { code, stdout } = await coder(["run", "ship", "--local", "--json"], { cwd: join(cwd, "sub") });
    expect(code).toBe(0);
    const { directory } = JSON.parse(stdout) as { directory: string };
    expect(readFileSync(join(directory, "preview/index.html"), "utf8")).toBe("<h1>Changed</h1>\n");
    expect(existsSync(join(directory, "preview/new.txt"))).toBe(true);
    expect(state()).toEqual(before);
  });

  test("W180 two at once have a database each; one that is killed leaves nothing that the next one does not end", async () => {
    const killed = home.start({ args: ["run", "long", "--local"], cwd: root });
    await untilLine(killed, "  started");
    const beside = await local("success");
    expect(beside.code).toBe(0);
    const places = readdirSync(join(home.directory, "cache/coder")).filter((name) =>
      name.startsWith("local-"),
    );
    expect(places.length).toBeGreaterThanOrEqual(2);
    killed.kill("SIGKILL");
    await once(killed, "close");
    const next = await local("success");
    expect(next).toMatchObject({ code: 0, stdout: expect.stringContaining("hello world") });
  });

  test("a file with errors is not run; dry runs stop before effects; a plain directory will do", async () => {
    const [path, text] = file("bad", "steps:\n  - { type: commando }\n");
    const cwd = home.project({ ...files, [path]: text });
    const bad = await coder(["run", "bad", "--local"], { cwd });
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringMatching(/bad\.yaml:4:\d+/) });
    const dry = await coder(["run", "ship", "--local", "--dry-run"], { cwd });
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining("Dry run: nothing is published.") });
  });
});

test("W190 coder mcp is the server's own MCP, for a client that starts programs", async () => {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(new StdioClientTransport(home.commandLine(["mcp"])));
  try {
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain("run_workflow");
    const answer = (await client.callTool({ name: "list_workflows", arguments: { project } })) as {
      content: { text: string }[];
    };
    const listed = JSON.parse(answer.content[0]!.text) as { path: string }[];
    expect(listed.map((one) => one.path)).toContain(".coder/workflows/success.yaml");
  } finally {
    await client.close();
  }
});

test("W190 coder mcp says nothing on standard output but the protocol; a tool's error says what to do", async () => {
  const child = home.start({ args: ["mcp"] });
  const lines: { id?: number; result?: { isError?: boolean; content?: { text: string }[] } }[] = [];
  const output = createInterface({ input: child.stdout! }).on("line", (line) =>
    lines.push(JSON.parse(line) as (typeof lines)[number]),
  );
  const send = (message: object) => child.stdin!.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const answerTo = (id: number) =>
    expect.poll(() => lines.find((line) => line.id === id), { timeout: 20_000 });
  const clientInfo = { name: "test", version: "1" };
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
  send({ id: 1, method: "initialize", params });
  await answerTo(1).toBeDefined();
  send({ method: "notifications/initialized" });
  const wrong = { name: "run_workflow", arguments: { project, path: ".coder/workflows/sucess.yaml" } };
  send({ id: 2, method: "tools/call", params: wrong });
  await answerTo(2).toMatchObject({ result: { isError: true, content: [{ type: "text" }] } });
  child.stdin!.end();
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(0);
  expect(lines.find((line) => line.id === 2)?.result?.content?.[0]?.text).toMatch(/sucess/);
  output.close();
});

test("W191 coder mcp without a sign-in ends with what to do", async () => {
  const finished = await coder(["mcp"], { env: { CODER_URL: "http://localhost:9" } });
  expect(finished).toMatchObject({ code: 3, stderr: expect.stringContaining("coder login") });
});

test("logout ends the token at the server too", async () => {
  const { stdout } = await coder(["logout"]);
  expect(stdout).toContain("the token is revoked");
  expect((await coder(["whoami"], { env: { CODER_URL: stack.url } })).code).toBe(3);
  await expect(api.session.me.query()).rejects.toThrow("revoked");
});

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPlainSandbox } from "./plain.ts";
import { openForTest } from "./sandbox.contract.ts";
import { openSrtSandbox } from "./srt.ts";
import { startHttpsService, type HttpsService } from "./testing.ts";

/** The proxy puts secrets in: with a real server, real TLS, and the real programs that people use. */
const token = "npm_real-Token/0123456789";
const key = "-----BEGIN KEY-----\nline of a key\n-----END KEY-----\n";
const secrets = [
  { name: "TOKEN", value: token, givenAs: "placeholder" },
  { name: "OTHER", value: "another real value", givenAs: "placeholder" },
  { name: "KEY", value: key, givenAs: "value" },
] as const;

let allowed: HttpsService;
let foreign: HttpsService;
let opened: Awaited<ReturnType<typeof openForTest>>;
const authorities = process.env.NODE_EXTRA_CA_CERTS;
beforeAll(async () => {
  allowed = await startHttpsService();
  foreign = await startHttpsService();
  process.env.NODE_EXTRA_CA_CERTS = allowed.caFile;
  const allowedDomains = [`localhost:${allowed.port}`, `127.0.0.1:${allowed.port}`];
  opened = await openForTest(openSrtSandbox, { secrets: [...secrets], allowedDomains });
});
afterAll(async () => {
  await opened?.close();
  if (authorities === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
  else process.env.NODE_EXTRA_CA_CERTS = authorities;
  allowed?.close();
  foreign?.close();
});

const masked = () => opened.sandbox.secrets["TOKEN"] ?? "";

test("W126 inside there is a placeholder, and nowhere in any process the value", async () => {
  expect(masked()).toMatch(/^fake_value_/);
  const look =
    "env; echo $TOKEN; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/task/*/environ 2>/dev/null | tr '\\0' '\\n'; true";
  const { out } = await opened.run(look, { env: { TOKEN: masked() } });
  expect(out).toContain(`TOKEN=${masked()}`);
  expect(out).toContain("PATH=");
  expect(out).not.toContain(token);
  expect(out).not.toContain("another real value");
  expect(out).not.toContain("line of a key");
  // What stands for a secret is in no environment but those that were given it.
  expect((await opened.run("env")).out).not.toContain("fake_value_");
});

test("W126 outside, no other process has it in its environment or arguments, and no file of the run holds it", () => {
  if (!existsSync("/proc/self/environ")) return;
  const holds = (file: string): boolean => {
    try {
      return readFileSync(file).includes(token);
    } catch {
      // Ended meanwhile.
      return false;
    }
  };
  const holders = readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && (holds(`/proc/${pid}/environ`) || holds(`/proc/${pid}/cmdline`)),
  );
  expect(holders).toEqual([]);
  const found = execFileSync("sh", ["-c", `grep -rl -- '${token}' ${opened.root} || true`]).toString();
  expect(found).toBe("");
});

test("W126 an allowed host receives the value, in headers and in the body, from curl and from Node", async () => {
  const url = `https://localhost:${allowed.port}`;
  const env = { TOKEN: masked(), URL: url, NO_PROXY: "", no_proxy: "" };
  const curl = await opened.run(
    'curl -sS -H "authorization: Bearer $TOKEN" --data "token=$TOKEN" "$URL/curl"',
    { env },
  );
  expect(curl).toMatchObject({ exitCode: 0, err: "" });
  const node = await opened.run(
    `node -e 'fetch(process.env.URL + "/node", { headers: { "x-token": process.env.TOKEN } }).then((r) => r.text())'`,
    { env },
  );
  expect(node).toMatchObject({ exitCode: 0, err: "" });
  expect(allowed.received).toHaveLength(2);
  expect(allowed.received[0]).toContain(`"authorization":"Bearer ${token}"`);
  expect(allowed.received[0]).toContain(`token=${token}`);
  expect(allowed.received[1]).toContain(`"x-token":"${token}"`);
});

test("W126 another host gets nothing, and a placeholder of another sandbox means nothing", async () => {
  const env = { TOKEN: masked(), NO_PROXY: "", no_proxy: "" };
  const { exitCode } = await opened.run(
    `curl -sS -m 5 -H "authorization: Bearer $TOKEN" https://localhost:${foreign.port}/`,
    { env },
  );
  expect(exitCode).not.toBe(0);
  expect(foreign.received).toEqual([]);
  const allowedDomains = [`localhost:${allowed.port}`, `127.0.0.1:${allowed.port}`];
  const other = await openForTest(openSrtSandbox, {
    secrets: [{ name: "MINE", value: "of the other", givenAs: "placeholder" }],
    allowedDomains,
  });
  await other.run(`curl -sS -m 5 -H "authorization: $TOKEN" https://localhost:${allowed.port}/laundered`, {
    env,
  });
  await other.close();
  expect(allowed.received.at(-1)).toContain("/laundered");
  expect(allowed.received.at(-1)).not.toContain(token);
});

test("W127 a value that is handed in itself reaches the command that was given it, and no other", async () => {
  const given = { KEY: opened.sandbox.secrets["KEY"] ?? "" };
  expect((await opened.run('printf %s "$KEY"', { env: given })).out).toBe(key);
  expect((await opened.run("env; cat /proc/[0-9]*/environ")).out).not.toContain("line of a key");
});

test("W127 without isolation there is no proxy, so commands get the values", async () => {
  const plain = await openForTest(openPlainSandbox, { secrets: [...secrets] });
  expect(plain.sandbox.secrets).toMatchObject({ TOKEN: token, KEY: key });
  expect((await plain.run("env")).out).not.toContain(token);
  await plain.close();
});

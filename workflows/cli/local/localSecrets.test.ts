import { chmodSync, existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { StoredRunEvent } from "../../../shared/run/events.ts";
import { startHttpsService, type HttpsService } from "../../sandbox/testing.ts";
import { makeHome } from "../testing.ts";

/** Secrets of `coder run --local`: the same placeholders, proxy, masks and errors as on a server. */
// It makes databases; a deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

const home = makeHome();
const masked = "local-masked-Canary/0123456789";
const canary = "local-plain-Canary&9 <b>";
let service: HttpsService;
let root: string;
beforeAll(async () => {
  service = await startHttpsService();
  const hosts = `network: { allowed_domains: ["localhost:${service.port}", "127.0.0.1:${service.port}"] }`;
  const workflow = (name: string, secrets: string, steps: string): [string, string] => [
    `.coder/workflows/${name}.yaml`,
    `name: ${name}\ntriggers: [{ type: manual }]\npolicies: { secrets: { allowed: [${secrets}] }, ${hosts} }\nsteps:\n${steps}`,
  ];
  const env = 'env: { MASKED: "${{ secrets.MASKED }}", PLAIN: "${{ secrets.PLAIN }}" }';
  root = home.project(
    Object.fromEntries([
      [".gitignore", "/.coder/secrets.env\n"],
      ["a.txt", "a\n"],
      workflow(
        "canary",
        "MASKED, PLAIN",
        `  - step_id: show
    type: command
    ${env}
    command: |
      echo "plain $MASKED $PLAIN"
      printf %s "$PLAIN" | base64; printf 'xx%s' "$PLAIN" | base64
      printf %s "$PLAIN" | od -An -v -tx1 | tr -d ' \\n'
      node -e 'console.log(encodeURIComponent(process.env.PLAIN), JSON.stringify(process.env.PLAIN))'
      cat '${home.directory}'/project-*/.coder/secrets.env .coder/secrets.env 2>&1 || true
      NO_PROXY= no_proxy= curl -sS -H "authorization: Bearer $MASKED" --data "token=$MASKED" https://localhost:${service.port}/in
  - step_id: patch
    type: command
    ${env}
    command: echo "$PLAIN" >> a.txt
`,
      ),
      workflow(
        "missing",
        "NOWHERE",
        '  - { step_id: a, type: command, command: echo never, env: { V: "${{ secrets.NOWHERE }}" } }\n',
      ),
    ]),
    { git: true },
  );
  home.write(root, { ".coder/secrets.env": `PLAIN="${canary}"\nUNASKED=${masked}-unasked\n` });
  chmodSync(join(root, ".coder/secrets.env"), 0o600);
});
afterAll(() => {
  service?.close();
  home.close();
});

const run = (workflow: string, ...args: string[]) =>
  home.coder(["run", workflow, "--local", "--artifacts", join(home.directory, `out-${workflow}`), ...args], {
    cwd: root,
    env: { CODER_SECRET_MASKED: masked, NODE_EXTRA_CA_CERTS: service.caFile },
  });

function events(workflow: string): StoredRunEvent["event"][] {
  const lines = readFileSync(join(home.directory, `out-${workflow}`, "events.jsonl"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => (JSON.parse(line) as StoredRunEvent).event);
}

/** Every form of a text that would give it away. */
function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((before) =>
    Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "")
      .slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6)),
  );
  return [text, encodeURIComponent(text), bytes.toString("hex"), ...base64];
}

/** Every file below a directory, compressed ones unpacked. */
function filesBelow(directory: string): [string, string][] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const path = join(directory, name);
    if (!existsSync(path) || !statSync(path).isFile() || path === join(root, ".coder/secrets.env")) return [];
    const bytes = readFileSync(path);
    const whole = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
    return [[name, whole.toString("latin1")] as [string, string]];
  });
}

test("W262 commands see placeholders, the allowed host gets the value, and nothing that is printed or left holds one", async () => {
  const { code, stdout, stderr } = await run("canary", "--plain-secret", "PLAIN");
  // The second step carries a secret into the patch, and is refused as on a server.
  expect(code).toBe(1);
  expect(stdout).toContain("plain fake_value_");
  // The file itself is out of the command's reach, by its path as in the checkout.
  expect(stdout).not.toContain("UNASKED");
  expect(stdout).toMatch(/plain \S+ \*\*\*/);
  expect(service.received[0]).toContain(`"authorization":"Bearer ${masked}"`);
  expect(service.received[0]).toContain(`token=${masked}`);
  const told = events("canary");
  expect(told).toContainEqual(expect.objectContaining({ type: "policy.denied", rule: "secrets.patch" }));
  expect(
    told.flatMap((event) =>
      event.type === "secret.used" ? [`${event.stepId} ${event.name} ${event.givenAs}`] : [],
    ),
  ).toEqual(["show MASKED placeholder", "show PLAIN value", "patch MASKED placeholder", "patch PLAIN value"]);
  const places: [string, string][] = [["stdout", stdout], ["stderr", stderr], ...filesBelow(home.directory)];
  expect(places.length).toBeGreaterThan(100);
  for (const secret of [masked, canary])
    for (const form of formsOf(secret))
      expect(places.filter(([, text]) => text.includes(form)).map(([place]) => [place, form])).toEqual([]);
});

test("W260 W262 without a value the step fails as on a server, and says where to set it; a dry run gives none", async () => {
  const missing = await run("missing");
  expect(missing.code).toBe(1);
  expect(events("missing")).toContainEqual(
    expect.objectContaining({
      type: "step.finished",
      status: "failed",
      failure: expect.objectContaining({
        code: "not_configured",
        message: expect.stringMatching(
          /no secret NOWHERE .*Set CODER_SECRET_NOWHERE, or put NOWHERE=… into \.coder\/secrets\.env\.$/,
        ),
      }),
    }),
  );
  const dry = await run("canary", "--dry-run");
  expect(dry).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("a command that is given MASKED, PLAIN is not run"),
  });
});

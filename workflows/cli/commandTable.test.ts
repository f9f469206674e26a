import { afterAll, expect, test, vi } from "vitest";
import { makeHome } from "./testing.ts";

/** What is the same of every command: its help, what it ends with when it is called wrongly, and its words for a server that is away. */

// Two dozen processes a test; a deadline is only for what hangs.
vi.setConfig({ testTimeout: 240_000 });

const home = makeHome();
const { coder } = home;
afterAll(() => home.close());

/** Each command with arguments that it takes; `needs` is what it has to have to do something. */
const commands: { args: string[]; needs: "server" | "nothing" | "file"; json: boolean }[] = [
  { args: ["init"], needs: "server", json: true },
  { args: ["lint"], needs: "nothing", json: true },
  { args: ["run", "ci"], needs: "server", json: true },
  { args: ["list"], needs: "server", json: true },
  { args: ["logs", "1"], needs: "server", json: true },
  { args: ["approve", "1"], needs: "server", json: true },
  { args: ["cancel", "1"], needs: "server", json: false },
  { args: ["rerun", "1"], needs: "server", json: true },
  { args: ["explain", "none.json"], needs: "file", json: true },
  { args: ["secrets", "list"], needs: "server", json: true },
  { args: ["secrets", "set", "NAME"], needs: "server", json: false },
  { args: ["secrets", "remove", "NAME"], needs: "server", json: false },
  { args: ["policy", "what-if", ".coder/workflows/ci.yaml"], needs: "server", json: true },
  { args: ["audit", "verify", "none.jsonl"], needs: "file", json: true },
  { args: ["import", "actions", "none.yml"], needs: "file", json: true },
  { args: ["export", "actions", "none.yaml"], needs: "file", json: true },
  { args: ["mcp"], needs: "server", json: false },
  { args: ["login", "--url", "http://127.0.0.1:9"], needs: "server", json: false },
  { args: ["logout"], needs: "nothing", json: false },
  { args: ["whoami"], needs: "server", json: true },
  { args: ["completion", "bash"], needs: "nothing", json: false },
  { args: ["version"], needs: "nothing", json: true },
];
const groups = ["secrets", "policy", "audit"];
/** The words that name the command. */
const nameOf = ({ args }: { args: string[] }): string[] =>
  args.slice(0, groups.includes(args[0] ?? "") ? 2 : 1);

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  // As many at once as a small machine has cores for.
  await Promise.all(
    [1, 2, 3].map(async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}

test("W265 the help names every command, and each has its own, without colours that nobody wants", async () => {
  const { stdout } = await coder(["--help"]);
  const listed = [...stdout.matchAll(/^ {2}([a-z]+)\b.* {2,}\S/gm)].map(([, name]) => name);
  expect(new Set(listed.filter((name) => name !== "help"))).toEqual(
    new Set(commands.map(({ args }) => args[0])),
  );
  await each(commands, async (command) => {
    const name = nameOf(command);
    const help = await coder([...name, "--help"], { env: { NO_COLOR: "1" } });
    expect({ name, ...help }).toMatchObject({ name, code: 0, stderr: "" });
    expect(help.stdout).toMatch(new RegExp(`^Usage: coder ${name.join(" ")}`));
    // A sentence about it, and each option with one.
    expect(help.stdout).toMatch(/\n\n[a-z].{10,}\n/);
    for (const line of help.stdout.split("\n").filter((one) => /^ {2}-/.test(one)))
      expect({ name, line }).toEqual({ name, line: expect.stringMatching(/ {2}[a-z]|^.{30,}$/) });
    expect({ name, json: help.stdout.includes("--json") }).toEqual({ name, json: command.json });
    expect(help.stdout).not.toContain("\u001b");
  });
});

test("W265 an option that there is not ends with 2, and says where the help is", async () => {
  await each(commands, async (command) => {
    const wrong = await coder([...command.args, "--nope"]);
    expect({ args: command.args, ...wrong }).toMatchObject({
      args: command.args,
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/unknown option '--nope'[^]*--help/),
    });
  });
});

test("W265 what is needed and is not there ends with 3 or 4 and one line without escapes; results stay clean", async () => {
  const env = { CODER_URL: "http://127.0.0.1:9", CODER_TOKEN: `cpt_${"a".repeat(43)}`, FORCE_COLOR: "0" };
  const cwd = home.project({
    ".coder/workflows/ci.yaml": "name: CI\nsteps: [{ type: command, command: ls }]\n",
  });
  // The MCP of a server that is away is there all the same: it answers each request with the error.
  const asked = commands.filter(({ args, needs }) => needs !== "nothing" && args[0] !== "mcp");
  await each(asked, async ({ args, json, needs }) => {
    const missing = await coder(json ? [...args, "--json"] : args, { env, cwd, input: "a value\n" });
    const code = needs === "server" ? 4 : 3;
    expect({ args, ...missing }).toMatchObject({ args, code, stdout: "" });
    expect({ args, line: missing.stderr }).toEqual({
      args,
      line: expect.stringMatching(/^[^\n\p{Cc}]{15,}\n$/u),
    });
  });
});

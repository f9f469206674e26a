import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createNpmHandler } from "../../../../functions/npm/npmHandler.ts";
import { CoderError } from "../../../../shared/errors.ts";
import { bundleForNode } from "../build/bundleForNode.ts";
import type { Engine } from "../engine/engine.ts";
import { lazyEngine } from "../engine/lazyEngine.ts";
import { createProjectFs } from "../fs/projectFs.ts";
import type { PersistentProjectFs } from "../fs/projectFs.ts";
import type { Shell, ShellOptions, ShellProcess } from "../kernelParts.ts";
import { createInstaller } from "../packages/installer.ts";
import { createMemoryCache } from "../packages/packageCache.ts";
import { createShell } from "./shell.ts";
import type { NodeRunWorkers } from "./testing/nodeRunWorker.ts";
import { createNodeRunWorkers } from "./testing/nodeRunWorker.ts";

const registry = execFileSync("npm", ["config", "get", "registry"], {
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
}).trim();
const handler = createNpmHandler({ registry });
const cache = createMemoryCache();

let engine: Engine;
let workers: NodeRunWorkers;
beforeAll(async () => {
  const lazy = lazyEngine("rolldown");
  [engine, workers] = await Promise.all([lazy.load(), createNodeRunWorkers()]);
}, 120_000);
afterAll(async () => {
  await workers?.close();
});

let fs: PersistentProjectFs;
let shell: Shell;
let devServer: ShellOptions["devServer"];
beforeEach(async () => {
  fs = await createProjectFs({ projectId: "shell", persist: false });
  devServer = {
    start: async () => ({ url: "http://preview.test/" }),
    build: async () => ({ files: { "index.html": "<p>built</p>", "assets/a.js": "1" } }),
  };
  shell = createShell({
    fs,
    installer: createInstaller({
      npmUrl: "http://coder.test/npm",
      cache,
      fetch: (input, init) => handler(new Request(input, init)),
    }),
    devServer: { start: (options) => devServer.start(options), build: () => devServer.build() },
    bundleForNode: (entry) => bundleForNode({ fs, engine }, entry),
    runOrigin: "http://run.test",
    spawnRunWorker: (source) => workers.spawn(source),
  });
});

interface Run {
  code: number;
  output: string;
}

// oxlint-disable-next-line no-control-regex -- colours are not what these tests are about
const colours = /\u001b\[[0-9;]*[A-Za-z]/g;
const plain = (text: string): string => text.replaceAll(colours, "").replaceAll("\r\n", "\n");

function collect(process: ShellProcess): () => string {
  let output = "";
  process.onOutput((text) => (output += text));
  return () => plain(output);
}

async function run(line: string, input?: string): Promise<Run> {
  const process = shell.spawn({ command: "sh", args: ["-c", line] });
  const output = collect(process);
  if (input !== undefined) process.write(input);
  return { code: await process.exit, output: output() };
}

const manifest = (value: object): void => fs.writeFile("package.json", JSON.stringify(value));

describe("commands", () => {
  test("POSIX tools work on the project's files, with pipes, redirection and exit codes", async () => {
    fs.writeFile("src/a.txt", "b\na\n");
    expect(await run("sort src/a.txt | tr a-z A-Z > out.txt; cat out.txt; ls; exit 3")).toEqual({
      code: 3,
      output: "A\nB\nout.txt\nsrc\n",
    });
    expect(fs.readText("out.txt")).toBe("A\nB\n");
    expect(await run("mkdir -p x/y && mv src/a.txt x/y/ && rm -r src && find x -type f")).toEqual({
      code: 0,
      output: "x/y/a.txt\n",
    });
    expect(fs.list()).toEqual(["out.txt", "x/y/a.txt"]);
  });

  test("failures say what happened", async () => {
    expect(await run("nonsense")).toEqual({ code: 127, output: "bash: nonsense: command not found\n" });
    const missing = await run("cat none && echo never");
    expect(missing).toEqual({ code: 1, output: "cat: none: No such file or directory\n" });
  });

  test("arguments reach a command as they are", async () => {
    const process = shell.spawn({ command: "printf", args: ["[%s]", "a b", "$HOME", "it's", "*"] });
    const output = collect(process);
    await process.exit;
    expect(output()).toBe("[a b][$HOME][it's][*]");
  });

  test("an endless shell loop is killed", async () => {
    const process = shell.spawn({ command: "sh", args: ["-c", "while true; do :; done"] });
    setTimeout(() => process.kill(), 200);
    expect(await process.exit).toBe(130);
  });
});

describe("npm", () => {
  test("install adds a package, writes its range, and ls shows it; uninstall removes it", async () => {
    manifest({ name: "app", dependencies: {} });
    const added = await run("npm install clsx -D");
    expect([added.code, added.output]).toEqual([0, expect.stringContaining("1 packages in")]);
    const written = JSON.parse(fs.readText("package.json"));
    expect(written.devDependencies.clsx).toMatch(/^\^\d+\.\d+\.\d+$/);
    expect((await run("npm ls")).output).toMatch(/├── clsx@\d/);
    expect((await run("npm uninstall clsx")).code).toBe(0);
    expect(fs.exists("node_modules/clsx")).toBe(false);
  });

  test("a failed install leaves package.json as it was", async () => {
    manifest({ dependencies: {} });
    const before = fs.readText("package.json");
    const { code, output } = await run("npm i nanoidd");
    expect(code).toBe(1);
    expect(output).toContain('npm: There is no package "nanoidd" in the registry. Did you mean "nanoid"?');
    expect(fs.readText("package.json")).toBe(before);
  });

  test("an existing lock file follows package.json, without one none is made", async () => {
    manifest({ name: "app", version: "1.0.0", dependencies: {} });
    await run("npm install clsx@2.0.0");
    expect(fs.exists("package-lock.json")).toBe(false);
    fs.writeFile(
      "package-lock.json",
      JSON.stringify({ lockfileVersion: 3, packages: { "": { name: "app" } } }),
    );
    expect((await run("npm install nanoid@5.0.0")).code).toBe(0);
    const { name, packages } = JSON.parse(fs.readText("package-lock.json"));
    expect(name).toBe("app");
    expect(packages[""].dependencies).toEqual({ clsx: "2.0.0", nanoid: "5.0.0" });
    expect(packages["node_modules/nanoid"]).toMatchObject({
      version: "5.0.0",
      integrity: expect.stringMatching(/^sha512-/),
    });
    await run("npm uninstall clsx");
    expect(Object.keys(JSON.parse(fs.readText("package-lock.json")).packages)).toEqual([
      "",
      "node_modules/nanoid",
    ]);
  });

  test("run: script, arguments, pre and post, environment, unknown names", async () => {
    manifest({
      name: "app",
      scripts: {
        hi: "echo $npm_lifecycle_event $npm_package_name",
        prehi: "echo before",
        posthi: "echo after",
        fail: "exit 7",
      },
    });
    const { code, output } = await run("npm run hi -- 'a b'");
    expect(code).toBe(0);
    expect(output.split("\n").filter((line) => line !== "" && !line.startsWith(">"))).toEqual([
      "before",
      "hi app a b",
      "after",
    ]);
    expect((await run("npm run fail")).code).toBe(7);
    expect(await run("npm run nope")).toEqual({
      code: 1,
      output: 'npm: there is no script "nope". Scripts: hi, prehi, posthi, fail.\n',
    });
  });

  test("npx runs what is installed and says what is not", async () => {
    manifest({});
    expect(await run("npx cowsay hi")).toEqual({
      code: 127,
      output: 'npx: no installed package has a command "cowsay". Add it first: npm install cowsay\n',
    });
    fs.writeFile(
      "node_modules/tool/package.json",
      JSON.stringify({ name: "tool", bin: { "my-tool": "./cli.js" } }),
    );
    fs.writeFile(
      "node_modules/tool/cli.js",
      "#!/usr/bin/env node\nconsole.log('tool', process.argv.slice(2).join());",
    );
    expect(await run("npx my-tool a b")).toEqual({ code: 0, output: "tool a,b\n" });
    expect(await run("my-tool c | tr a-z A-Z")).toEqual({ code: 0, output: "TOOL C\n" });
  });
});

describe("vite and checkers", () => {
  test("vite build writes dist; a checker before it is left out with a word, on its own it is an error", async () => {
    manifest({ scripts: { build: "tsc -b && vite build", types: "tsc --noEmit" } });
    fs.writeFile("dist/old.js", "");
    const build = await run("npm run build");
    expect(build.code).toBe(0);
    expect(build.output).toContain("tsc is left out");
    expect(fs.list()).toEqual(["dist/assets/a.js", "dist/index.html", "package.json"]);
    expect((await run("npm run types")).code).toBe(1);
    expect((await run("tsc && echo never")).output).not.toContain("never");
  });

  test("a failing build prints the place and is exit code 1", async () => {
    const details = { type: "build", message: "Unexpected token", file: "src/a.ts", line: 3, column: 7 };
    devServer.build = () => Promise.reject(new CoderError("bad_input", "does not build", { details }));
    const { code, output } = await run("vite build");
    expect([code, output]).toEqual([1, "src/a.ts:3:7\nUnexpected token\n"]);
  });

  test("vite serves until it is stopped", async () => {
    const process = shell.spawn({ command: "vite", args: [], terminal: { cols: 80, rows: 24 } });
    const output = collect(process);
    await vi.waitFor(() => expect(output()).toContain("http://preview.test/"));
    process.write("\u0003");
    expect(await process.exit).toBe(130);
  });
});

describe("node", () => {
  test("imports, builtins, arguments, files and the exit code", async () => {
    fs.writeFile("data/in.txt", "input");
    fs.writeFile("lib.ts", "export const double = (n: number): number => n * 2;");
    fs.writeFile(
      "main.ts",
      `import { readFileSync, writeFileSync, mkdirSync, rmSync } from "node:fs";
       import path from "path"; import { createHash } from "crypto"; import { double } from "./lib";
       console.log(double(21), process.argv.slice(2), path.resolve("x"), import.meta.url);
       console.log(createHash("sha256").update("abc").digest("hex").slice(0, 8));
       mkdirSync("made"); writeFileSync("made/out.txt", readFileSync("data/in.txt", "utf8").toUpperCase()); rmSync("data", { recursive: true });
       await new Promise((resolve) => setTimeout(resolve, 20)); console.error("late");
       setTimeout(() => { process.exitCode = 3; }, 20);`,
    );
    const { code, output } = await run("node main.ts one 'two words'");
    expect(output).toBe("42 [ 'one', 'two words' ] /project/x file:///project/main.ts\nba7816bf\nlate\n");
    expect(code).toBe(3);
    expect(fs.readText("made/out.txt")).toBe("INPUT");
    expect(fs.exists("data")).toBe(false);
    expect(workers.running()).toBe(0);
  });

  test("a package that was missing is found once it is installed", async () => {
    manifest({ type: "module", dependencies: {} });
    fs.writeFile("main.js", `import clsx from "clsx"; console.log(clsx("a", "b"));`);
    const before = await run("node main.js");
    expect([before.code, before.output]).toEqual([1, expect.stringContaining("clsx")]);
    await run("npm install clsx");
    expect(await run("node main.js")).toEqual({ code: 0, output: "a b\n" });
  });

  test("an uncaught error shows its place and is exit code 1", async () => {
    fs.writeFile("bad.js", "function boom() {\n  throw new TypeError('bad thing');\n}\nboom();\n");
    const { code, output } = await run("node bad.js");
    expect(code).toBe(1);
    expect(output).toMatch(/^TypeError: bad thing\n\s+at boom \(\/project\/bad\.js/);
    fs.writeFile("rejected.js", "Promise.reject(new Error('nobody listens'));");
    expect(await run("node rejected.js")).toMatchObject({
      code: 1,
      output: expect.stringContaining("nobody listens"),
    });
  });

  test("process.exit ends at once", async () => {
    fs.writeFile(
      "exit.js",
      "process.on('exit', (code) => console.log('bye', code)); process.exit(7); console.log('never');",
    );
    expect(await run("node exit.js")).toEqual({ code: 7, output: "bye 7\n" });
  });

  test("an endless loop is killed, and what it printed is there", async () => {
    fs.writeFile("loop.js", "console.log('spinning'); for (;;) {}");
    const process = shell.spawn({ command: "node", args: ["loop.js"] });
    const output = collect(process);
    await vi.waitFor(() => expect(output()).toContain("spinning"), 20_000);
    process.kill();
    expect(await process.exit).toBe(130);
    expect(workers.running()).toBe(0);
  });

  test("standard input: typed lines and pipes", async () => {
    fs.writeFile(
      "ask.cjs",
      "const rl = require('readline').createInterface({ input: process.stdin, output: process.stdout }); rl.question('name? ', (name) => { console.log('hi ' + name); rl.close(); });",
    );
    expect(await run("node ask.cjs", "Ada\r")).toEqual({ code: 0, output: "name? hi Ada\n" });
    fs.writeFile(
      "upper.js",
      "let all = ''; for await (const part of process.stdin) all += part; console.log(all.trim().toUpperCase());",
    );
    expect(await run("echo piped | node upper.js")).toEqual({ code: 0, output: "PIPED\n" });
  });

  test("what a process cannot have says so when it is used", async () => {
    fs.writeFile("spawn.js", "import { execSync } from 'node:child_process'; execSync('ls');");
    const { code, output } = await run("node spawn.js");
    expect([code, output]).toEqual([
      1,
      expect.stringContaining("child_process.execSync does not work in the browser runtime"),
    ]);
    expect(await run("node none.js")).toEqual({ code: 1, output: 'node: cannot find "none.js"\n' });
  });

  test("a process cannot write outside of the project or into packages", async () => {
    fs.writeFile(
      "evil.js",
      `import fs from "fs"; fs.mkdirSync("/project/node_modules/x", { recursive: true }); fs.writeFileSync("/project/node_modules/x/a.js", "evil"); fs.writeFileSync("/tmp/x", "ok");
      postMessage({ type: "changes", changes: [{ kind: "write", path: "../../etc/x", bytes: new Uint8Array(1) }] }); setTimeout(() => {}, 50);`,
    );
    const { code, output } = await run("node evil.js");
    expect([code, output]).toEqual([1, expect.stringContaining("outside of the project")]);
    expect(fs.list()).toEqual(["evil.js"]);
    expect(fs.exists("node_modules")).toBe(false);
  });
});

describe("tests", () => {
  test("vitest's API: passing, failing, skipped, each, hooks, mocks, timers, asynchronous matchers", async () => {
    fs.writeFile("src/add.ts", "export const add = (a: number, b: number): number => a + b;");
    fs.writeFile(
      "src/add.test.ts",
      `import { beforeEach, describe, expect, it, test, vi } from "vitest"; import { add } from "./add";
       let count = 0; beforeEach(() => { count += 1; });
       describe("add", () => {
         it("adds", () => { expect(add(1, 2)).toBe(3); expect({ a: [1], b: 2 }).toMatchObject({ a: [1] }); expect([3]).toEqual(expect.arrayContaining([3])); });
         it.each([[1, 1, 2], [2, 3, 5]])("%i + %i = %i", (a, b, sum) => { expect(add(a, b)).toBe(sum); });
         it.skip("later", () => {});
         it("is wrong", () => { expect(add(1, 2)).toBe(4); });
       });
       test("mocks and timers", async () => {
         const f = vi.fn((x: number) => x + 1); f(1); expect(f).toHaveBeenCalledWith(1); expect(f).toHaveReturnedWith(2);
         vi.useFakeTimers(); const g = vi.fn(); setTimeout(g, 60_000); vi.advanceTimersByTime(59_999); expect(g).not.toHaveBeenCalled(); vi.advanceTimersByTime(1); expect(g).toHaveBeenCalledOnce(); vi.useRealTimers();
         await expect(Promise.reject(new Error("no"))).rejects.toThrow("no");
         expect(() => { throw new TypeError("t"); }).toThrowError(TypeError);
       });
       test("hooks ran", () => { expect(count).toBe(6); });`,
    );
    manifest({ scripts: { test: "vitest run" } });
    const { code, output } = await run("npm test");
    expect(code).toBe(1);
    expect(output).toContain("src/add.test.ts (7 tests | 1 failed | 1 skipped)");
    expect(output).toContain("× add > is wrong\n     AssertionError: expected 3 to be 4");
    expect(output).toMatch(/Tests {2}1 failed \| 5 passed \| 1 skipped \(7\)/);
    expect((await run("npx vitest run -t adds")).output).toMatch(/Tests {2}1 passed \| 6 skipped/);
  });

  test("node:test", async () => {
    fs.writeFile(
      "a.test.mjs",
      `import test, { describe, it, mock } from "node:test"; import assert from "node:assert/strict";
       test("top", async (t) => { await t.test("sub", () => assert.deepEqual({ a: [1] }, { a: [1] })); });
       describe("group", () => { it("throws", () => assert.throws(() => { throw new RangeError("x"); }, RangeError)); });
       test("mock", () => { const f = mock.fn(() => 5); assert.equal(f(1), 5); assert.equal(f.mock.callCount(), 1); });
       test("callback", (t, done) => { setTimeout(done, 5); });`,
    );
    expect(await run("node --test")).toMatchObject({
      code: 0,
      output: expect.stringContaining("4 passed (4)"),
    });
    fs.writeFile(
      "b.test.mjs",
      `import test from "node:test"; import assert from "node:assert"; test("no", () => assert.strictEqual(1, 2));`,
    );
    const failed = await run("node b.test.mjs");
    expect([failed.code, failed.output]).toEqual([1, expect.stringContaining("× no")]);
  });

  test("a test that hangs, a file that does not load and a file without tests are red", async () => {
    fs.writeFile(
      "a.test.js",
      `import { test } from "vitest"; test("hangs", () => new Promise(() => {}), 50);`,
    );
    fs.writeFile("b.test.js", `throw new Error("broken file");`);
    fs.writeFile("c.test.js", `export {};`);
    const { code, output } = await run("vitest run");
    expect(code).toBe(1);
    expect(output).toContain("Test timed out in 50ms.");
    expect(output).toContain("broken file");
    expect(output).toContain("No test found");
  });
});

describe("terminal", () => {
  const open = (): {
    process: ShellProcess;
    output: () => string;
    shows: (text: string | RegExp) => Promise<void>;
  } => {
    const process = shell.spawn({ command: "bash", args: [], terminal: { cols: 80, rows: 24 } });
    const output = collect(process);
    const shows = (text: string | RegExp): Promise<void> =>
      vi.waitFor(() => expect(output()).toMatch(text), 20_000);
    return { process, output, shows };
  };

  test("directory, variables and status carry from line to line", async () => {
    fs.writeFile("src/a.txt", "x");
    const { process, shows } = open();
    process.write("cd src\rexport NAME=Ada\rfalse\recho $?-$NAME-$(pwd)\r");
    await shows("1-Ada-/project/src");
    process.write("exit 4\r");
    expect(await process.exit).toBe(4);
  });

  test("Ctrl-C stops the job, not the shell; Ctrl-D ends the shell", async () => {
    fs.writeFile("loop.js", "console.log('spinning'); for (;;) {}");
    const { process, shows } = open();
    process.write("node loop.js\r");
    await shows("spinning");
    process.write("\u0003");
    process.write("echo back again\r");
    await shows("\nback again\n");
    process.write("while :; do x=1; done\r");
    process.write("\u0003");
    process.write("\u0004");
    expect(await process.exit).toBe(130);
    expect(workers.running()).toBe(0);
  });

  test("output of a long job appears while it runs", async () => {
    fs.writeFile(
      "slow.js",
      "console.log('first'); process.stdin.on('data', (text) => { console.log('got ' + text.trim()); process.exit(0); });",
    );
    const { process, shows } = open();
    process.write("node slow.js && echo done\r");
    await shows("\nfirst\n");
    process.write("answer\r");
    await shows("got answer\n");
    await shows("\ndone\n");
    process.kill();
    expect(await process.exit).toBe(137);
  });
});

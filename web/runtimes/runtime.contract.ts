import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patience } from "./browser/testing/patience.ts";
import type { RuntimePage } from "./browser/testing/runtimePage.ts";
import { smallProject } from "./browser/testing/smallProject.ts";

/**
 * What every adapter of the port `runtime.ts` must do, driven in a real browser. Rules are numbered; a test carries
 * the numbers of the rules it proves.
 *
 * - R1 `mount` replaces all files; `list` is sorted and leaves out `node_modules` and `.git`.
 * - R2 `writeFile` creates parents; bytes come back as they went in.
 * - R3 A missing path is `not_found`, for reads, `rm` and `rename`.
 * - R4 `watch` reports writes and deletes by anyone, and stops.
 * - R5 `startPreview` ends in `ready` with a URL that shows the page, and is idempotent.
 * - R6 An edit shows in the page.
 * - R7 A project that does not build ends in `failed`, type `build`, with file and line; repairing it makes it `ready`.
 * - R8 A page that throws before it shows anything is `failed`, type `runtime`, with the message.
 * - R9 A page that shows nothing is `failed`, type `runtime`.
 * - R10 `build` gives static files with an `index.html`, or throws with the failure.
 * - R11 `spawn` streams output and resolves with the exit code.
 * - R12 Console lines of the page reach `onConsole`.
 * - R13 A package that does not exist is `failed`, type `install`, with its name.
 */
export function runtimeContract(name: string, open: () => Promise<RuntimePage>): void {
  describe(`runtime port: ${name}`, () => {
    let runtime: RuntimePage;
    beforeAll(async () => {
      runtime = await open();
    });
    afterAll(() => runtime?.close());

    files(() => runtime);
    processes(() => runtime);
  });
  // A browser and its compilers on a busy machine.
  describe(`runtime port, preview: ${name}`, { timeout: 90_000 }, () => {
    previews(open);
  });
}

function files(of: () => RuntimePage): void {
  test("R1 mount replaces all files and list is sorted", async () => {
    const { page } = of();
    await of().mount({ "b.txt": "b", "old.txt": "old", "a/c.txt": "c" });
    await of().mount({ "b.txt": "b", "a/c.txt": "c", ".git/HEAD": "x", "node_modules/x/index.js": "x" });
    expect(await page.evaluate(() => coder.runtime.fs.list())).toEqual(["a/c.txt", "b.txt"]);
    expect(await page.evaluate(() => coder.runtime.fs.readdir("a"))).toEqual([
      { name: "c.txt", kind: "file" },
    ]);
  });

  test("R2 writeFile creates parents and keeps bytes", async () => {
    const bytes = await of().page.evaluate(async () => {
      const { fs } = coder.runtime;
      await fs.writeFile("deep/er/x.bin", new Uint8Array([0, 255, 128, 10]));
      await fs.writeFile("deep/é.txt", "Grüße 🚀");
      return { bytes: [...(await fs.readFile("deep/er/x.bin"))], text: await fs.readText("deep/é.txt") };
    });
    expect(bytes).toEqual({ bytes: [0, 255, 128, 10], text: "Grüße 🚀" });
  });

  test("R3 a missing path is not_found", async () => {
    const codes = await of().page.evaluate(async () => {
      const { fs } = coder.runtime;
      const code = (promise: Promise<unknown>) =>
        promise.then(
          () => "no error",
          (error: { code: string }) => error.code,
        );
      return Promise.all([
        code(fs.readFile("none")),
        code(fs.readText("none/x")),
        code(fs.rm("none")),
        code(fs.rename("none", "x")),
        code(fs.readdir("none")),
      ]);
    });
    expect(codes).toEqual(["not_found", "not_found", "not_found", "not_found", "not_found"]);
  });

  test("R4 watch reports writes and deletes until it is stopped", async () => {
    const seen = await of().page.evaluate(async () => {
      const { fs } = coder.runtime;
      const changes: string[] = [];
      let notify = () => {};
      const stop = fs.watch((list) => {
        changes.push(...list.map((change) => `${change.kind} ${change.path}`));
        notify();
      });
      const until = (text: string) =>
        new Promise<void>((resolve) => {
          notify = () => {
            if (changes.includes(text)) resolve();
          };
          notify();
        });
      await fs.writeFile("w/one.txt", "1");
      await until("write w/one.txt");
      await fs.rm("w/one.txt");
      await until("delete w/one.txt");
      stop();
      const count = changes.length;
      await fs.writeFile("w/two.txt", "2");
      // A second watcher gets the change last, so the stopped one would have had it by now.
      await new Promise<void>((resolve) => {
        const again = fs.watch(() => {
          again();
          resolve();
        });
        void fs.writeFile("w/three.txt", "3");
      });
      return { after: changes.length - count };
    });
    expect(seen).toEqual({ after: 0 });
  });
}

function processes(of: () => RuntimePage): void {
  test("R11 spawn streams output and resolves with the exit code", async () => {
    await of().mount({ "a.txt": "alpha\n", "b.txt": "beta\n" });
    expect(await of().run("cat", "b.txt")).toMatchObject({
      code: 0,
      output: expect.stringContaining("beta"),
    });
    expect((await of().run("cat", "missing.txt")).code).not.toBe(0);
  });
}

function previews(open: () => Promise<RuntimePage>): void {
  const withRuntime = (run: (runtime: RuntimePage) => Promise<void>) => async () => {
    const runtime = await open();
    try {
      await run(runtime);
    } finally {
      await runtime.close();
    }
  };

  test(
    "R5 R6 R12 the page shows, shows an edit, and its console is heard",
    withRuntime(async (runtime) => {
      await runtime.mount(smallProject());
      expect(await runtime.start()).toMatchObject({ kind: "ready" });
      await runtime.preview.getByText("Hello").waitFor();
      await runtime.page.evaluate(() => coder.runtime.startPreview());
      expect(await runtime.state()).toMatchObject({ kind: "ready" });
      await runtime.edit("src/main.ts", "Hello", "Bonjour");
      await runtime.preview.getByText("Bonjour").waitFor();
      await runtime.write(
        "src/main.ts",
        'document.querySelector("#app")!.innerHTML = "<h1>logged</h1>";\nconsole.warn("seen", { a: 1 });\n',
      );
      await runtime.preview.getByText("logged").waitFor();
      await expect
        .poll(() => runtime.consoleLines(), patience)
        .toContainEqual(expect.objectContaining({ level: "warn", text: 'seen {"a":1}' }));
    }),
  );

  test(
    "R7 what does not build is a failure with its place, and repairing it shows the page",
    withRuntime(async (runtime) => {
      await runtime.mount(smallProject({ "src/main.ts": "const a = 1;\nconst b = ;\n" }));
      expect(await runtime.start()).toMatchObject({
        kind: "failed",
        failure: { type: "build", file: "src/main.ts", line: 2 },
      });
      await runtime.write("src/main.ts", 'document.body.textContent = "repaired";\n');
      expect(await runtime.stateThat("ready")).toMatchObject({ kind: "ready" });
      await runtime.page.evaluate(() => coder.show());
      await runtime.preview.getByText("repaired").waitFor();
      await runtime.write("src/main.ts", 'import "./nowhere.ts";\n');
      const broken = await runtime.stateThat("failed");
      expect(broken).toMatchObject({ failure: { type: "build", file: "src/main.ts", line: 1 } });
      expect(JSON.stringify(broken)).toContain("./nowhere.ts");
      await runtime.write("src/main.ts", 'document.body.textContent = "repaired again";\n');
      await runtime.stateThat("ready");
      await runtime.preview.getByText("repaired again").waitFor();
    }),
  );

  test(
    "R8 an error before anything is shown is a runtime failure",
    withRuntime(async (runtime) => {
      await runtime.mount(
        smallProject({ "src/main.ts": 'const text: string = "x";\n\nthrow new Error("no such thing");\n' }),
      );
      await runtime.start();
      expect(await runtime.stateThat("failed")).toMatchObject({
        failure: {
          type: "runtime",
          message: expect.stringContaining("no such thing"),
          file: "src/main.ts",
          line: 3,
        },
      });
    }),
  );

  test(
    "R9 a page that shows nothing is a runtime failure",
    withRuntime(async (runtime) => {
      await runtime.mount(smallProject({ "src/main.ts": "export const nothing = 1;\n" }));
      await runtime.start();
      expect(await runtime.stateThat("failed")).toMatchObject({ failure: { type: "runtime" } });
    }),
  );

  test(
    "R10 build gives static files, or the failure",
    withRuntime(async (runtime) => {
      await runtime.mount(smallProject({ "public/robots.txt": "User-agent: *" }));
      const built = await runtime.build();
      if ("failure" in built) throw new Error(built.failure.message);
      expect(Object.keys(built.files)).toContain("index.html");
      expect(Object.keys(built.files)).toContain("robots.txt");
      const html = new TextDecoder().decode(built.files["index.html"] as Uint8Array);
      expect(html).not.toContain("/src/main.ts");
      await runtime.write("src/main.ts", 'import "./missing.ts";\n');
      expect(await runtime.build()).toMatchObject({ failure: { type: "build", file: "src/main.ts" } });
    }),
  );

  test(
    "R13 a package that does not exist is an install failure that names it",
    withRuntime(async (runtime) => {
      const dependencies = { "no-such-package-of-anyone-4711": "1.0.0" };
      await runtime.mount(smallProject({ "package.json": JSON.stringify({ name: "small", dependencies }) }));
      const state = await runtime.start();
      expect(state).toMatchObject({ kind: "failed", failure: { type: "install" } });
      expect(JSON.stringify(state)).toContain("no-such-package-of-anyone-4711");
      expect(await runtime.build()).toMatchObject({ failure: { type: "install" } });
    }),
  );
}

import { expect, test } from "vitest";
import type { FileMap } from "../runtime.ts";
import { patience } from "./testing/patience.ts";
import type { RuntimePage } from "./testing/runtimePage.ts";
import { smallProject } from "./testing/smallProject.ts";
import { runtimesForTests } from "./testing/withRuntime.ts";

const withRuntime = runtimesForTests();

/** Two modules that take their own updates, and one that both import. */
const twoViews = (files: FileMap = {}): FileMap =>
  smallProject({
    "src/main.ts":
      'document.querySelector("#app")!.innerHTML = "<h1></h1><h2></h2><input>";\nawait import("./first.ts");\nawait import("./second.ts");',
    "src/first.ts":
      'import { word } from "./word.ts";\ndocument.querySelector("h1")!.textContent = `${word} in ${new URL(import.meta.url).pathname}`;\nimport.meta.hot?.accept();',
    "src/second.ts":
      'import { word, loads } from "./word.ts";\ndocument.querySelector("h2")!.textContent = `${word}, loaded ${loads} times`;\nimport.meta.hot?.accept();',
    "src/word.ts":
      'const counted = globalThis as { loads?: number };\nexport const loads = (counted.loads = (counted.loads ?? 0) + 1);\nexport const word = "old";',
    ...files,
  });

/** URLs of everything that the page asked for. */
const askedFor = ({ preview }: RuntimePage): Promise<string[]> =>
  preview.locator("body").evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));

test("an update brings its modules along: the page asks for none, and what two import stays one module", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(twoViews());
    await runtime.start();
    await runtime.preview.getByText("old, loaded 1 times").waitFor();
    await runtime.preview.locator("input").fill("kept");
    await runtime.edit("src/word.ts", '"old"', '"new"');
    await runtime.preview.getByText("new, loaded 2 times").waitFor();
    await runtime.preview.getByText("new in /src/first.ts").waitFor();
    // An importer made anew later finds the same module as well.
    await runtime.edit("src/second.ts", "times`", "times in all`");
    await runtime.preview.getByText("new, loaded 2 times in all").waitFor();
    expect(await runtime.preview.locator("input").inputValue()).toBe("kept");
    const asked = await askedFor(runtime);
    expect(asked.filter((url) => url.includes("/src/word.ts"))).toHaveLength(1);
    expect(asked.filter((url) => url.includes("t="))).toEqual([]);
  });
});

test("an error in a module that was brought along names the module, not its text", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(twoViews());
    await runtime.start();
    await runtime.preview.getByText("old in /src/first.ts").waitFor();
    await runtime.edit("src/first.ts", "import.meta.hot", "\nsetTimeout(() => missing());\nimport.meta.hot");
    await expect
      .poll(async () => (await runtime.consoleLines()).map(({ text }) => text).join("\n"), patience)
      .toMatch(/missing is not defined\n.*\/src\/first\.ts\?t=\d+:\d+:\d+/);
  });
});

test("a module that finds others when it runs is asked for at its own place", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      twoViews({
        "src/first.ts":
          'const name: string = "./word.ts";\nconst { word } = await import(name);\ndocument.querySelector("h1")!.textContent = `at first ${word}`;\nimport.meta.hot?.accept();',
      }),
    );
    await runtime.start();
    await runtime.preview.getByText("at first old").waitFor();
    await runtime.edit("src/first.ts", "at first", "then");
    await runtime.preview.getByText("then old").waitFor();
    const asked = await askedFor(runtime);
    expect(asked.filter((url) => url.includes("/src/first.ts"))).toHaveLength(2);
  });
});

test("a preview in a tab of its own gets updates too", async () => {
  await withRuntime(async (runtime, { server }) => {
    await runtime.mount(twoViews());
    await runtime.start();
    await runtime.preview.getByText("old in /src/first.ts").waitFor();
    const tab = await runtime.page.context().newPage();
    await tab.goto(`${server.origin}/preview-origin/tab.html#${runtime.projectId}/`);
    const inTab = tab.frameLocator("iframe");
    await inTab.locator("input").fill("kept");
    await runtime.edit("src/word.ts", '"old"', '"new"');
    await inTab.getByText("new, loaded 2 times").waitFor();
    expect(await inTab.locator("input").inputValue()).toBe("kept");
    await runtime.preview.getByText("new, loaded 2 times").waitFor();
  });
});

test("mounting again is an edit of what differs", async () => {
  await withRuntime(async (runtime) => {
    const files = twoViews();
    await runtime.mount(files);
    await runtime.start();
    await runtime.preview.getByText("old, loaded 1 times").waitFor();
    await runtime.preview.locator("input").fill("kept");
    await runtime.mount({ ...files, "src/word.ts": String(files["src/word.ts"]).replace('"old"', '"new"') });
    await runtime.preview.getByText("new, loaded 2 times").waitFor();
    expect(await runtime.preview.locator("input").inputValue()).toBe("kept");
  });
});

test("a page that was made before a change and begins after it is told then; those that have it are left alone", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(twoViews());
    await runtime.start();
    await runtime.preview.getByText("old, loaded 1 times").waitFor();
    await runtime.edit("src/word.ts", '"old"', '"new"');
    await runtime.preview.getByText("new, loaded 2 times").waitFor();
    await runtime.preview.locator("input").fill("kept");
    const heard = await runtime.preview.locator("body").evaluateHandle(() => {
      const messages: { type: string; version: number }[] = [];
      const channel = new BroadcastChannel("coder-hot");
      channel.onmessage = ({ data }) => messages.push(data);
      return {
        messages,
        begin: (version: number) => channel.postMessage({ type: "connected", url: "/", version }),
      };
    });
    await heard.evaluate(({ begin }) => begin(1));
    await expect.poll(() => heard.evaluate(({ messages }) => messages.length), patience).toBe(1);
    const [told] = await heard.evaluate(({ messages }) => messages);
    expect(told).toEqual({ type: "full-reload", version: expect.any(Number) });
    await heard.evaluate(({ begin }, version) => begin(version), told!.version);
    await runtime.edit("src/word.ts", '"new"', '"newest"');
    await runtime.preview.getByText("newest, loaded 3 times").waitFor();
    await expect
      .poll(() => heard.evaluate(({ messages }) => messages.map(({ type }) => type)), patience)
      .toEqual(["full-reload", "update"]);
    expect(await runtime.preview.locator("input").inputValue()).toBe("kept");
  });
});

test("an import leads to the file that is there now", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "src/main.ts":
          'import { part } from "./part";\ndocument.querySelector("#app")!.textContent = `first ${part}`;',
        "src/part.ts": 'export const part: string = "TypeScript";',
      }),
    );
    await runtime.start();
    await runtime.preview.getByText("first TypeScript").waitFor();
    const javaScript = 'export const part = "JavaScript";';
    await runtime.write("src/part.js", javaScript);
    await runtime.edit("src/main.ts", "first", "second");
    await runtime.preview.getByText("second JavaScript").waitFor();
    await runtime.page.evaluate(() => coder.runtime.fs.rm("src/part.js"));
    await runtime.edit("src/main.ts", "second", "third");
    await runtime.preview.getByText("third TypeScript").waitFor();
    await runtime.write("src/part.js", javaScript);
    await runtime.edit("src/main.ts", "third", "fourth");
    await runtime.preview.getByText("fourth JavaScript").waitFor();
    expect(await runtime.state()).toMatchObject({ kind: "ready" });
  });
});

test("a module that lists files is made anew when one comes or goes", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "src/main.ts":
          'const pages = Object.keys(import.meta.glob("./pages/*.ts"));\nconst page = (name: string) => import(`./pages/${name}.ts`);\nconst two = await page("two").catch(() => ({ title: "none" }));\ndocument.querySelector("#app")!.textContent = `${pages.length} pages, two is ${two.title}`;',
        "src/pages/one.ts": 'export const title = "one";',
      }),
    );
    await runtime.start();
    await runtime.preview.getByText("1 pages, two is none").waitFor();
    await runtime.write("src/pages/two.ts", 'export const title = "second";');
    await runtime.preview.getByText("2 pages, two is second").waitFor();
    await runtime.page.evaluate(() => coder.runtime.fs.rm("src/pages/one.ts"));
    await runtime.preview.getByText("1 pages, two is second").waitFor();
    expect(await runtime.state()).toMatchObject({ kind: "ready" });
  });
});

test("a stylesheet edit is hot: the page keeps its state", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "src/main.ts":
          'import "./style.css";\ndocument.querySelector("#app")!.innerHTML = "<h1>Hello</h1><input>";\n',
      }),
    );
    await runtime.start();
    await runtime.preview.locator("input").fill("kept");
    await runtime.write("src/style.css", "h1 { color: rgb(4, 5, 6); }");
    await expect
      .poll(() => runtime.preview.locator("h1").evaluate((h1) => getComputedStyle(h1).color), patience)
      .toBe("rgb(4, 5, 6)");
    expect(await runtime.preview.locator("input").inputValue()).toBe("kept");
  });
});

test("a sheet that is no longer imported leaves the page, and is back when it is imported again", async () => {
  await withRuntime(async ({ mount, start, preview, edit }) => {
    const body = preview.locator("h1");
    const color = () => body.evaluate((element) => getComputedStyle(element).color);
    await mount(
      smallProject({
        "src/main.ts":
          'document.querySelector("#app")!.innerHTML = "<h1></h1><input>";\nawait import("./view.ts");',
        "src/view.ts":
          'import "./style.css";\ndocument.querySelector("h1")!.textContent = "first";\nimport.meta.hot?.accept();',
      }),
    );
    await start();
    await preview.getByText("first").waitFor();
    await preview.locator("input").fill("kept");
    expect(await color()).toBe("rgb(1, 2, 3)");
    for (const round of ["second", "third"]) {
      await edit("src/view.ts", 'import "./style.css";', `/* ${round} */`);
      await expect.poll(color, patience).toBe("rgb(0, 0, 0)");
      await edit("src/view.ts", `/* ${round} */`, 'import "./style.css";');
      await expect.poll(color, patience).toBe("rgb(1, 2, 3)");
    }
    expect(await preview.locator("input").inputValue()).toBe("kept");
  });
});

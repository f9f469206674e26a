import { expect, test } from "vitest";
import { patience } from "./testing/patience.ts";
import { smallProject } from "./testing/smallProject.ts";
import { runtimesForTests } from "./testing/withRuntime.ts";

const withRuntime = runtimesForTests();

/** Number of modules that are kept for the next visit. */
async function keptModules(): Promise<number> {
  const request = indexedDB.open("coder-transforms");
  await new Promise((resolve) => (request.onsuccess = resolve));
  const { result: database } = request;
  const count = database.objectStoreNames.contains("modules")
    ? database.transaction("modules").objectStore("modules").count()
    : null;
  await new Promise((resolve) => (count === null ? resolve(null) : (count.onsuccess = resolve)));
  database.close();
  return count?.result ?? 0;
}

test("a second visit needs no compiler for what has not changed, and compiles what has", async () => {
  const files = smallProject({
    "src/main.ts":
      'import { word } from "./word.ts";\ndocument.querySelector("#app")!.textContent = `a ${word as string} word`;',
    "src/word.ts": 'export const word: string = "first";',
  });
  await withRuntime(async ({ page, preview }, { server }) => {
    let order: string[] = [];
    page.on("request", (request) => {
      if (/\/assets\/rolldownEngine-[^/]*\.js$/.test(request.url())) order.push("compiler");
      const { host, pathname } = new URL(request.url());
      if (host.includes("--preview.") && pathname === "/") order.push("page");
    });
    const visit = async (word: string): Promise<void> => {
      await page.goto(`${server.origin}/page.html`);
      // What the page before asked for until it was left is no matter of this visit.
      order = [];
      await page.evaluate(
        async (files) => {
          coder.boot({ projectId: "visited", persist: true });
          await coder.runtime.mount(files);
          await coder.runtime.startPreview();
          coder.show();
        },
        { ...files, "src/word.ts": String(files["src/word.ts"]).replace("first", word) },
      );
      await preview.getByText(`a ${word} word`).waitFor();
    };
    await visit("first");
    expect(order).toEqual(["compiler", "page"]);
    await expect.poll(() => page.evaluate(keptModules), patience).toBe(2);
    await visit("first");
    expect(order[0]).toBe("page");
    // It is loaded while nobody waits.
    await expect.poll(() => order, patience).toEqual(["page", "compiler"]);
    await visit("second");
    expect(order).toEqual(["compiler", "page"]);
  });
});

test("a compiler that does not arrive is a failure that says so, and a reload loads it", async () => {
  await withRuntime(async (runtime) => {
    const engine = /\/assets\/rolldownEngine-[^/]*\.js$/;
    await runtime.page.context().route(engine, (route) => route.abort());
    const visit = async () => {
      await runtime.page.reload();
      await runtime.page.evaluate(() => coder.boot({ projectId: "without-compiler", persist: false }));
      await runtime.mount(smallProject());
      return runtime.start();
    };
    expect(await visit()).toMatchObject({
      kind: "failed",
      failure: { message: expect.stringMatching(/^The compiler could not be loaded. Reload the page/) },
    });
    await runtime.page.context().unroute(engine);
    expect(await visit()).toMatchObject({ kind: "ready" });
  });
});

import { expect, test } from "vitest";
import type { FileMap } from "../runtime.ts";
import { smallProject } from "./testing/smallProject.ts";
import { runtimesForTests } from "./testing/withRuntime.ts";

const withRuntime = runtimesForTests();

const projectThat = (imported: string): FileMap =>
  smallProject({
    "package.json": JSON.stringify({ name: "small", type: "module", dependencies: { nanoid: "6.0.2" } }),
    "src/main.ts": `import { nanoid } from "${imported}";\ndocument.querySelector("#app")!.textContent = \`${imported} made \${nanoid(7).length}\`;`,
  });

/** What an earlier version of the runtime left behind. */
async function leaveOldStores(): Promise<void> {
  const request = indexedDB.open("coder-packages", 1);
  request.onupgradeneeded = () => {
    for (const store of ["images", "plans"]) request.result.createObjectStore(store);
  };
  await new Promise((resolve) => (request.onsuccess = resolve));
  request.result.close();
}

async function storesOf(database: string): Promise<string[]> {
  const request = indexedDB.open(database);
  await new Promise((resolve) => (request.onsuccess = resolve));
  const names = [...request.result.objectStoreNames];
  request.result.close();
  return names;
}

test("kept packages are bundled anew from storage, without a download; what older versions kept is deleted", async () => {
  await withRuntime(async ({ page, preview }, { server }) => {
    await page.evaluate(() => coder.runtime.dispose());
    await page.evaluate(leaveOldStores);
    let downloads = 0;
    page.context().on("request", (request) => {
      if (request.url().endsWith(".tgz")) downloads += 1;
    });
    const visit = async (imported: string): Promise<void> => {
      await page.goto(`${server.origin}/page.html`);
      downloads = 0;
      await page.evaluate(async (files) => {
        coder.boot({ projectId: "kept", persist: true });
        await coder.runtime.mount(files);
        coder.show();
        await coder.runtime.startPreview();
      }, projectThat(imported));
      await preview.getByText(`${imported} made 7`).waitFor();
    };
    await visit("nanoid");
    expect(downloads).toBe(1);
    expect(await page.evaluate(storesOf, "coder-packages")).toEqual(["packages", "plans"]);
    await visit("nanoid/non-secure");
    expect(downloads).toBe(0);
  });
});

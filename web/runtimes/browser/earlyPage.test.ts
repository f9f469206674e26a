import { expect, test } from "vitest";
import { smallProject } from "./testing/smallProject.ts";
import { runtimesForTests } from "./testing/withRuntime.ts";

const withRuntime = runtimesForTests();

/** Opens the page as soon as the runtime says where it will be, and starts the preview. */
async function showAndStart(): Promise<unknown> {
  coder.show();
  await coder.runtime.startPreview();
  return coder.runtime.preview;
}

test("a page that is opened while the preview starts waits for it, and is loaded once", async () => {
  await withRuntime(async ({ page, preview, mount }) => {
    const asked: string[] = [];
    page.on("request", (request) => {
      const { host, pathname } = new URL(request.url());
      if (host.includes("--preview.") && pathname === "/") asked.push(pathname);
    });
    await mount(smallProject({ "src/main.ts": 'document.querySelector("#app")!.textContent = "early";' }));
    expect(await page.evaluate(showAndStart)).toMatchObject({ kind: "ready" });
    await preview.getByText("early").waitFor();
    expect(asked).toEqual(["/"]);
    const states = await page.evaluate(() => coder.states);
    expect(states.some((state) => state.kind === "starting" && state.url !== undefined)).toBe(true);
    // Nobody would answer before the kernel is there.
    expect(states[0]).toMatchObject({ kind: "starting", phase: "booting" });
    expect(states[0]).not.toHaveProperty("url");
  });
});

test("a page that was opened before a start that fails shows the project once it is repaired", async () => {
  await withRuntime(async ({ page, preview, mount, write, stateThat }) => {
    await mount(smallProject({ "src/main.ts": 'import "./missing.ts";' }));
    expect(await page.evaluate(showAndStart)).toMatchObject({ kind: "failed", failure: { type: "build" } });
    await write("src/main.ts", 'document.querySelector("#app")!.textContent = "repaired";');
    await stateThat("ready");
    await preview.getByText("repaired").waitFor();
  });
});

test("a page that was opened before packages that cannot be installed gets an answer as well", async () => {
  await withRuntime(async ({ page, preview, mount }) => {
    await mount(smallProject({ "package.json": '{ "dependencies": { "nanoid": "99.99.99" } }' }));
    expect(await page.evaluate(showAndStart)).toMatchObject({ kind: "failed", failure: { type: "install" } });
    await preview.getByText("The preview has not been started.").waitFor();
  });
});

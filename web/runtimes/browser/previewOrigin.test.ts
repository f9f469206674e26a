import type { Browser, Frame } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createNpmHandler } from "../../../functions/npm/npmHandler.ts";
import { launchBrowser } from "./testing/launchBrowser.ts";
import { patience } from "./testing/patience.ts";
import { openRuntimePage, type RuntimePage } from "./testing/runtimePage.ts";
import { configuredRegistry, startRuntimeServer, type RuntimeServer } from "./testing/runtimeServer.ts";
import { smallProject } from "./testing/smallProject.ts";

let server: RuntimeServer;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([
    startRuntimeServer({ npm: createNpmHandler({ registry: configuredRegistry() }) }),
    launchBrowser(),
  ]);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function shown(run: (runtime: RuntimePage) => Promise<void>) {
  const runtime = await openRuntimePage({ browser, server });
  try {
    await runtime.mount(smallProject());
    const state = await runtime.start();
    if (state.kind !== "ready") throw new Error(JSON.stringify(state));
    await runtime.preview.getByText("Hello").waitFor();
    await run(runtime);
  } finally {
    await runtime.close();
  }
}

function previewFrame(runtime: RuntimePage): Frame {
  const frame = runtime.page.frames().find((frame) => /--preview\.localhost:\d+\/$/.test(frame.url()));
  if (!frame) throw new Error("There is no preview frame.");
  return frame;
}

test("a preview reaches neither the Studio's page nor its storage nor its answers", async () => {
  await shown(async (runtime) => {
    await runtime.page.evaluate(() => localStorage.setItem("secret", "x"));
    const studio = server.origin;
    const reached = await previewFrame(runtime).evaluate(async (studio) => {
      const attempt = async (run: () => unknown) => {
        try {
          return `got ${String(await run())}`;
        } catch (error) {
          return (error as Error).name;
        }
      };
      return {
        dom: await attempt(() => parent.document.title),
        storage: await attempt(() => parent.localStorage.getItem("secret")),
        runtime: await attempt(() => (parent as unknown as { coder: unknown }).coder),
        fetch: await attempt(() => fetch(`${studio}/page.html`).then((response) => response.text())),
        own: localStorage.getItem("secret"),
        isolated: crossOriginIsolated,
      };
    }, studio);
    expect(reached).toEqual({
      dom: "SecurityError",
      storage: "SecurityError",
      runtime: "SecurityError",
      fetch: "TypeError",
      own: null,
      isolated: true,
    });
  });
});

test("what a hostile page sends over the relay's channel changes nothing but reports about itself", async () => {
  await shown(async (runtime) => {
    const frame = previewFrame(runtime);
    await frame.evaluate(() => {
      const channel = new BroadcastChannel("coder-hot");
      for (const message of [
        null,
        7,
        "x",
        { type: "call", method: "rm", args: ["src"] },
        { type: "console", level: "fatal", text: 1 },
      ]) {
        channel.postMessage(message);
      }
      parent.postMessage({ type: "coder:port-wanted" }, "*");
      parent.postMessage({ type: "coder:relay-failed", message: "forged" }, "*");
      channel.postMessage({ type: "console", level: "info", text: "last" });
    });
    await expect
      .poll(() => runtime.consoleLines(), patience)
      .toContainEqual(expect.objectContaining({ text: "last" }));
    expect(await runtime.state()).toMatchObject({ kind: "ready" });
    expect(await runtime.page.evaluate(() => coder.runtime.fs.list())).toContain("src/main.ts");
    await runtime.edit("src/main.ts", "Hello", "still served");
    await runtime.preview.getByText("still served").waitFor();
  });
});

test("files outside the project's pages are not served: no package manifest of the kernel, no path out of the root", async () => {
  await shown(async (runtime) => {
    const statuses = await previewFrame(runtime).evaluate(async () =>
      Promise.all(
        ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/none.js", "/@deps/none/x.js"].map((path) =>
          fetch(path).then((response) => response.status),
        ),
      ),
    );
    expect(statuses).toEqual([404, 404, 404, 404]);
  });
});

test(
  "a service worker that the browser ended is connected again by the next request",
  { timeout: 60_000 },
  async () => {
    await shown(async (runtime) => {
      const client = await runtime.page.context().newCDPSession(runtime.page);
      await client.send("ServiceWorker.enable");
      for (let round = 0; round < 3; round++) {
        await client.send("ServiceWorker.stopAllWorkers");
        const answer = await previewFrame(runtime).evaluate(async () => {
          const response = await fetch("/src/main.ts");
          return [response.status, (await response.text()).includes("Hello")];
        });
        expect(answer).toEqual([200, true]);
      }
    });
  },
);

test(
  "a preview opened in its own tab is shown there while the Studio is open",
  { timeout: 60_000 },
  async () => {
    await shown(async (runtime) => {
      const state = await runtime.state();
      const tab = await runtime.page.context().newPage();
      await tab.goto(state.kind === "ready" ? state.url : "");
      await tab.frameLocator("iframe").getByText("Hello").waitFor();
      expect(new URL(tab.url()).origin).toBe(server.origin);
      await runtime.edit("src/main.ts", "Hello", "in both");
      await tab.frameLocator("iframe").getByText("in both").waitFor();
    });
  },
);

test("files survive a crash of the tab", { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const boot = async () => {
    const page = await context.newPage();
    await page.goto(`${server.origin}/page.html`);
    await page.evaluate(() => coder.boot({ projectId: "kept", persist: true }));
    return page;
  };
  const first = await boot();
  await first.evaluate(async () => {
    await coder.runtime.mount({ "a.txt": "one" });
    await coder.runtime.fs.writeFile("b.txt", "unsaved work");
  });
  await expect
    .poll(async () => {
      const page = await boot();
      const list = await page.evaluate(() => coder.runtime.fs.list());
      await page.close();
      return list;
    }, patience)
    .toEqual(["a.txt", "b.txt"]);
  await context.close();
});

test(
  "when one of two Studios with the same project closes, the other serves the preview",
  { timeout: 60_000 },
  async () => {
    await shown(async (runtime) => {
      const second = await runtime.page.context().newPage();
      await second.goto(`${server.origin}/page.html`);
      const state = await second.evaluate(
        async ([projectId, files]) => {
          coder.boot({ projectId, persist: false });
          await coder.runtime.mount(files);
          await coder.runtime.startPreview();
          return coder.runtime.preview.kind;
        },
        [runtime.projectId, smallProject() as Record<string, string>] as const,
      );
      expect(state).toBe("ready");
      await second.close();
      await runtime.edit("src/main.ts", "Hello", "served by the first");
      await runtime.preview.getByText("served by the first").waitFor();
    });
  },
);

test("without the headers of isolation the runtime runs on esbuild", { timeout: 60_000 }, async () => {
  const plain = await startRuntimeServer({
    npm: createNpmHandler({ registry: configuredRegistry() }),
    isolated: false,
  });
  try {
    const runtime = await openRuntimePage({ browser, server: plain });
    expect(await runtime.page.evaluate(() => crossOriginIsolated)).toBe(false);
    await runtime.mount(smallProject());
    expect(await runtime.start()).toMatchObject({ kind: "ready" });
    await runtime.preview.getByText("Hello").waitFor();
    await runtime.close();
  } finally {
    await plain.close();
  }
});

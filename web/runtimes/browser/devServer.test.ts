import { expect, test } from "vitest";
import type { FileMap } from "../runtime.ts";
import { patience } from "./testing/patience.ts";
import type { RuntimePage } from "./testing/runtimePage.ts";
import { smallProject } from "./testing/smallProject.ts";
import { runtimesForTests } from "./testing/withRuntime.ts";

const withRuntime = runtimesForTests();

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8" fill="red"/></svg>';
/** Above the limit under which assets become data URLs. */
const largeSvg = svg.replace("<rect", `<!--${"x".repeat(5000)}--><rect`);

/** One page that uses each kind of import once and shows what it got. */
const everyImport = smallProject({
  ".env": "VITE_GREETING=hello from env\nSECRET=never\n",
  "tsconfig.json": '{ "compilerOptions": { /* aliases */ "paths": { "@/*": ["./src/*"] }, } }',
  "public/logo.svg": svg,
  "src/asset.svg": largeSvg,
  "src/small.svg": svg,
  "src/note.txt": "a raw note",
  "src/data.json": '{ "answer": 42, "default": 1 }',
  "src/a.module.css":
    ".box { color: rgb(9, 8, 7); }\n.big { composes: box; font-size: 31px; }\n:global(.plain) { top: 1px; }",
  "src/style.css": '@import "./imported.css";\n#app { background-image: url(./asset.svg); }',
  "src/imported.css": "#app { padding-left: 13px; }",
  "src/pages/one.ts": 'export const title = "one";',
  "src/pages/two.ts": 'export const title = "two";',
  "src/[kind]/three.ts": 'export const title = "three";',
  "src/lib/deep.ts": 'export enum Kind { A = "enum works" }\nexport const deep = Kind.A;',
  "src/lazy.ts": 'export default "lazily";',
  "src/worker.ts": 'import { deep } from "./lib/deep";\npostMessage(`worker: ${deep}`);',
  "src/main.ts": `import "./style.css";
import styles, { big } from "./a.module.css";
import note from "./note.txt?raw";
import assetUrl from "./asset.svg";
import smallUrl from "./small.svg?url";
import data, { answer } from "./data.json";
import { deep } from "@/lib/deep";
const eager = import.meta.glob("./pages/*.ts", { eager: true, import: "title" });
const lazy = import.meta.glob("./pages/*.ts");
const named = (name: string) => import(\`./[kind]/\${name}.ts\`);
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const said = await new Promise((resolve) => (worker.onmessage = (event) => resolve(event.data)));
const result: Record<string, unknown> = {
  classes: styles.box !== "box" && big === styles.big && big.includes(styles.box),
  note,
  asset: (await (await fetch(assetUrl)).text()).includes("<rect"),
  byUrl: (await (await fetch(new URL("./asset.svg", import.meta.url))).text()).includes("<rect"),
  small: (await (await fetch(smallUrl)).text()).includes("<rect"),
  public: (await (await fetch("/logo.svg")).text()).includes("<rect"),
  data: data.answer + answer,
  deep,
  eager,
  lazy: Object.keys(lazy).join(),
  lazyModule: (await import("./lazy.ts")).default,
  named: [(await named("three")).title, await named("four").catch((error) => error.message)],
  env: [import.meta.env.VITE_GREETING, import.meta.env.SECRET, typeof import.meta.env.DEV],
  said,
};
const app = document.querySelector<HTMLElement>("#app")!;
app.innerHTML = \`<pre>\${JSON.stringify(result)}</pre><b class="\${styles.big}">x</b>\`;
`,
});

const everyResult = {
  classes: true,
  note: "a raw note",
  asset: true,
  byUrl: true,
  small: true,
  public: true,
  data: 84,
  deep: "enum works",
  eager: { "./pages/one.ts": "one", "./pages/two.ts": "two" },
  lazy: "./pages/one.ts,./pages/two.ts",
  lazyModule: "lazily",
  named: ["three", "No module matches ./[kind]/four.ts"],
  env: ["hello from env", null, "boolean"],
  said: "worker: enum works",
};

test.each(["rolldown", "esbuild"] as const)(
  "every kind of import works in the preview and in the build (%s)",
  { timeout: 90_000 },
  async (engine) => {
    await withRuntime(async (runtime, { server, browser }) => {
      await runtime.mount(everyImport);
      expect(await runtime.start()).toMatchObject({ kind: "ready" });
      const shown = runtime.preview.locator("pre");
      await shown.waitFor();
      expect(JSON.parse(await shown.innerText())).toEqual(everyResult);
      const big = runtime.preview.locator("b");
      expect(await big.evaluate((b) => [getComputedStyle(b).color, getComputedStyle(b).fontSize])).toEqual([
        "rgb(9, 8, 7)",
        "31px",
      ]);
      expect(await runtime.preview.locator("#app").evaluate((app) => getComputedStyle(app).paddingLeft)).toBe(
        "13px",
      );

      const built = await runtime.build();
      if ("failure" in built) throw new Error(JSON.stringify(built.failure));
      server.sites.set(`all-${engine}`, new Map(Object.entries(built.files) as [string, Uint8Array][]));
      const page = await browser.newPage();
      await page.goto(server.origin.replace("localhost", `all-${engine}.localhost`));
      await page.locator("pre").waitFor();
      expect(JSON.parse(await page.locator("pre").innerText())).toEqual(everyResult);
      expect(await page.locator("b").evaluate((b) => getComputedStyle(b).fontSize)).toBe("31px");
      expect(await page.locator("#app").evaluate((app) => getComputedStyle(app).paddingLeft)).toBe("13px");
      await page.close();
    }, engine);
  },
);

/** A page with three modules, an asset, and a module for later. */
const fewModules = (files: FileMap = {}): FileMap =>
  smallProject({
    "src/main.ts": `import "./style.css";
import { title } from "./title.ts";
import picture from "./picture.svg";
export const app = document.querySelector("#app")!;
app.innerHTML = \`<h1>\${title}</h1><img src="\${picture}"><button>more</button>\`;
app.querySelector("button")!.onclick = () => import("./lazy.ts");`,
    "src/title.ts": 'import { word } from "./word.ts";\nexport const title = `a ${word}`;',
    "src/word.ts": 'export const word = "word";',
    "src/picture.svg": largeSvg,
    "src/lazy.ts": 'import { app } from "./main.ts";\napp.append(" and more");',
    ...files,
  });

/** Paths of everything that the page has asked for, and those that it was told to. */
const requestsOf = ({ preview }: RuntimePage): Promise<{ listed: string[]; asked: string[] }> =>
  preview.locator("body").evaluate(() => {
    const path = (url: string): string => url.slice(location.origin.length).replace(/[?&]t=\d+$/, "");
    const links = [...document.querySelectorAll<HTMLLinkElement>("link[rel=modulepreload]")];
    const entries = performance.getEntriesByType("resource").map(({ name }) => name);
    return {
      listed: links.map(({ href }) => path(href)).sort(),
      asked: entries
        .filter((url) => url.startsWith(location.origin))
        .map(path)
        .sort(),
    };
  });

test("a page brings its modules along, anew after an edit, and each of them is one module", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(fewModules());
    await runtime.start();
    await runtime.preview.getByText("a word").waitFor();
    await runtime.edit("src/word.ts", '"word"', '"text"');
    await runtime.preview.getByText("a text").waitFor();
    expect(await requestsOf(runtime)).toEqual({ listed: [], asked: ["/src/picture.svg"] });
    // What is imported later imports the page's own module, and only itself is asked for.
    await runtime.preview.getByRole("button").click();
    await runtime.preview.getByText("and more").waitFor();
    expect(await runtime.preview.locator("h1").count()).toBe(1);
    expect((await requestsOf(runtime)).asked).toEqual(["/src/lazy.ts", "/src/picture.svg"]);
  });
});

test("a page with an import map of its own asks for its modules at once, for each of them once", async () => {
  const map = '<script type="importmap">{ "imports": { "own": "./src/word.ts" } }</script>';
  const files = fewModules();
  await withRuntime(async (runtime) => {
    await runtime.mount({
      ...files,
      "index.html": String(files["index.html"]).replace("<head>", `<head>${map}`),
    });
    await runtime.start();
    await runtime.preview.getByText("a word").waitFor();
    await runtime.edit("src/word.ts", '"word"', '"text"');
    await runtime.preview.getByText("a text").waitFor();
    const { listed, asked } = await requestsOf(runtime);
    expect(listed).toEqual(["/src/style.css?import", "/src/title.ts", "/src/word.ts"]);
    expect(asked).toEqual(["/src/main.ts", "/src/picture.svg", ...listed]);
  });
});

test("a module that is too long to be brought along is asked for at once", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      fewModules({
        "src/word.ts": `export const word = "word";\nexport const long = "${"x".repeat(250_000)}";`,
      }),
    );
    await runtime.start();
    await runtime.preview.getByText("a word").waitFor();
    expect(await requestsOf(runtime)).toEqual({
      listed: ["/src/word.ts"],
      asked: ["/src/picture.svg", "/src/word.ts"],
    });
  });
});

test("scripts of pages in folders and with attributes of their own stay what they are", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "index.html":
          "<!doctype html><html><head><!-- <script type=module src=/src/gone.ts></script> --></head><body><div id=app></div>" +
          "<script type='module' src='./src/main.ts' id='it' async></script></body></html>",
        "src/main.ts":
          'const { id, async } = document.querySelector("script#it") as HTMLScriptElement;\ndocument.querySelector("#app")!.innerHTML = `${id} ${async} ${new URL(import.meta.url).pathname} <a href="/more/">more</a>`;',
        "more/index.html":
          '<!doctype html><html><body><h1></h1><script type="module" src="./main.ts"></script></body></html>',
        "more/main.ts": 'document.querySelector("h1")!.textContent = `there: ${import.meta.url}`;',
      }),
    );
    await runtime.start();
    await runtime.preview.getByText("it true /src/main.ts").waitFor();
    await runtime.preview.getByText("more").click();
    await runtime.preview.getByText(/there: .*\/more\/main\.ts/).waitFor();
    await runtime.edit("more/main.ts", "there", "still there");
    await runtime.preview.getByText("still there").waitFor();
    expect(await runtime.state()).toMatchObject({ kind: "ready" });
  });
});

test.each(["rolldown", "esbuild"] as const)(
  "a page is told of its packages' scripts, those included that only they import (%s)",
  { timeout: 60_000 },
  async (engine) => {
    await withRuntime(async (runtime) => {
      await runtime.mount(
        smallProject({
          "package.json": JSON.stringify({ name: "p", dependencies: { "solid-js": "1.9.20" } }),
          "src/main.ts":
            'import { createSignal } from "solid-js";\nimport { insert } from "solid-js/web";\nconst [text] = createSignal("from Solid");\ninsert(document.querySelector("#app")!, text);',
        }),
      );
      await runtime.start();
      await runtime.preview.getByText("from Solid").waitFor();
      const { listed, asked } = await requestsOf(runtime);
      expect(listed.length).toBeGreaterThan(2);
      expect(asked).toEqual(listed);
    }, engine);
  },
);

test("a page with a policy of its own gets its assets as well", async () => {
  const policy = `<meta http-equiv="Content-Security-Policy" content="script-src 'self'">`;
  const files = smallProject();
  await withRuntime(async (runtime) => {
    await runtime.mount({
      ...files,
      "index.html": String(files["index.html"]).replace("<head>", `<head>${policy}`),
      "src/main.ts":
        'import picture from "./picture.svg";\ndocument.querySelector("#app")!.innerHTML = `<h1>Hello</h1><img src="${picture}">`;',
      "src/picture.svg": svg,
    });
    await runtime.start();
    await runtime.preview.getByText("Hello").waitFor();
    await expect
      .poll(
        () => runtime.preview.locator("img").evaluate((img: HTMLImageElement) => img.naturalWidth),
        patience,
      )
      .toBe(8);
  });
});

test("a sheet in Sass is a build failure that names the file", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(smallProject({ "src/main.ts": 'import "./x.scss";', "src/x.scss": "$a: 1px;" }));
    expect(await runtime.start()).toMatchObject({
      kind: "failed",
      failure: { type: "build", file: "src/x.scss" },
    });
  });
});

test(
  "a missing package is a build failure that says how to install it, and installing it shows the page",
  { timeout: 60_000 },
  async () => {
    await withRuntime(async (runtime) => {
      await runtime.mount(
        smallProject({
          "src/main.ts":
            'import ms, { type StringValue } from "ms";\nconst text: StringValue = "2 days";\ndocument.body.textContent = `ms: ${ms(text)}`;\n',
        }),
      );
      const state = await runtime.start();
      expect(state).toMatchObject({
        kind: "failed",
        failure: { type: "build", file: "src/main.ts", line: 1 },
      });
      expect(JSON.stringify(state)).toContain("npm install ms");
      expect(await runtime.run("npm", "install", "ms")).toMatchObject({ code: 0 });
      await runtime.stateThat("ready");
      await runtime.page.evaluate(() => coder.show());
      await runtime.preview.getByText("ms: 172800000").waitFor();
    });
  },
);

test(
  "Tailwind 4 generates the classes that the files use, also those that an edit adds",
  { timeout: 60_000 },
  async () => {
    await withRuntime(async (runtime) => {
      await runtime.mount(
        smallProject({
          "package.json": JSON.stringify({ name: "t", dependencies: { tailwindcss: "^4" } }),
          "src/style.css": '@import "tailwindcss";\n@theme { --color-brand: rgb(1, 2, 3); }',
          "src/main.ts":
            'import "./style.css";\ndocument.querySelector("#app")!.innerHTML = `<h1 class="text-brand">Hello</h1>`;\n',
        }),
      );
      expect(await runtime.start()).toMatchObject({ kind: "ready" });
      const title = runtime.preview.locator("h1");
      await title.waitFor();
      expect(await title.evaluate((h1) => getComputedStyle(h1).color)).toBe("rgb(1, 2, 3)");
      await runtime.edit("src/main.ts", "text-brand", "text-brand pt-[37px]");
      await expect.poll(() => title.evaluate((h1) => getComputedStyle(h1).paddingTop), patience).toBe("37px");
      const built = await runtime.build();
      if ("failure" in built) throw new Error(built.failure.message);
      const sheet = Object.entries(built.files).find(([path]) => path.endsWith(".css"));
      expect(new TextDecoder().decode(sheet?.[1] as Uint8Array)).toContain("37px");
    });
  },
);

test(
  "a site without modules and a page with inline ones work in preview and build",
  { timeout: 60_000 },
  async () => {
    await withRuntime(async (runtime, { server, browser }) => {
      await runtime.mount({
        "index.html":
          '<!doctype html><html><head><link rel="stylesheet" href="site.css"></head><body><h1>Site</h1><p></p><script src="classic.js"></script>' +
          '<script type="module">import { name } from "./lib.ts";document.querySelector("p").textContent += ` ${name} ${process.env.NODE_ENV}`;</script></body></html>',
        "site.css": "h1 { color: rgb(1, 1, 1); }",
        // Not valid in a module, and not to be taken for JSX.
        "classic.js":
          'var html = "<b>" ; with ({ text: "classic" }) { document.querySelector("p").textContent = text; }',
        "lib.ts": 'export const name: string = "inline";',
      });
      expect(await runtime.start()).toMatchObject({ kind: "ready" });
      await runtime.preview.getByText("classic inline development").waitFor();
      expect(await runtime.preview.locator("h1").evaluate((h1) => getComputedStyle(h1).color)).toBe(
        "rgb(1, 1, 1)",
      );
      const built = await runtime.build();
      if ("failure" in built) throw new Error(JSON.stringify(built.failure));
      server.sites.set("plain", new Map(Object.entries(built.files) as [string, Uint8Array][]));
      const page = await browser.newPage();
      await page.goto(server.origin.replace("localhost", "plain.localhost"));
      await page.getByText("classic inline production").waitFor();
      expect(await page.locator("h1").evaluate((h1) => getComputedStyle(h1).color)).toBe("rgb(1, 1, 1)");
      await page.close();
    });
  },
);

test("what is only imported on demand may be broken until it is asked for", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "src/broken.ts": "const = 1;",
        "src/main.ts":
          'document.body.textContent = "shown";\nimport("not-installed").catch(() => { document.body.textContent += " without it"; });\n' +
          'addEventListener("ask", () => void import("./broken.ts"));\n',
      }),
    );
    expect(await runtime.start()).toMatchObject({ kind: "ready" });
    await runtime.preview.getByText("shown without it").waitFor();
    await runtime.preview.locator("body").evaluate(() => dispatchEvent(new Event("ask")));
    expect(await runtime.stateThat("failed")).toMatchObject({
      failure: { type: "build", file: "src/broken.ts", line: 1 },
    });
  });
});

test("a project's own service worker neither replaces nor removes the preview's", async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "public/sw.js":
          "self.addEventListener('fetch', (event) => event.respondWith(new Response('taken over')));",
        "src/main.ts": `const text = await navigator.serviceWorker.register("/sw.js").then(() => "registered", (error) => error.name);
const list = await navigator.serviceWorker.getRegistrations();
document.body.textContent = \`\${text} \${list.length}\`;
`,
      }),
    );
    await runtime.start();
    await runtime.preview.getByText("NotSupportedError 0").waitFor();
    expect(await runtime.state()).toMatchObject({ kind: "ready" });
    await runtime.write("src/main.ts", 'document.body.textContent = "still ours";\n');
    await runtime.preview.getByText("still ours").waitFor();
  });
});

test(
  "Svelte: runes in modules, TypeScript with enums, and what only the template uses",
  { timeout: 60_000 },
  async () => {
    await withRuntime(async (runtime) => {
      await runtime.mount(
        smallProject({
          "package.json": JSON.stringify({ name: "s", dependencies: { svelte: "^5" } }),
          "src/main.ts":
            'import { mount } from "svelte";\nimport App from "./App.svelte";\nmount(App, { target: document.body });\n',
          "src/App.svelte":
            '<script lang="ts">\nimport { counter } from "./counter.svelte.ts";\nenum Kind { A = "enum" }\n</script>\n<h1>{Kind.A} {counter.n}</h1>\n<button onclick={() => counter.n++}>more</button>',
          "src/counter.svelte.ts": "export const counter: { n: number } = $state({ n: 1 });",
        }),
      );
      expect(await runtime.start()).toMatchObject({ kind: "ready" });
      await runtime.preview.getByRole("button").click();
      await runtime.preview.getByText("enum 2").waitFor();
      expect(await runtime.build()).toHaveProperty("files");
    });
  },
);

test("Vue: options API, scoped styles and style modules", { timeout: 60_000 }, async () => {
  await withRuntime(async (runtime) => {
    await runtime.mount(
      smallProject({
        "package.json": JSON.stringify({ name: "v", dependencies: { vue: "^3" } }),
        "src/main.ts":
          'import { createApp } from "vue";\nimport App from "./App.vue";\ncreateApp(App).mount("#app");\n',
        "src/App.vue":
          '<template><h1 :class="$style.red">{{ name }}</h1><p class="p">x</p></template>\n<script>\nexport default { data() { return { name: "options" } } }\n</script>\n<style scoped>.p { color: rgb(7, 7, 7) }</style>\n<style module>.red { color: rgb(8, 8, 8) }</style>',
      }),
    );
    expect(await runtime.start()).toMatchObject({ kind: "ready" });
    await runtime.preview.getByText("options").waitFor();
    expect(await runtime.preview.locator("h1").evaluate((h1) => getComputedStyle(h1).color)).toBe(
      "rgb(8, 8, 8)",
    );
    expect(await runtime.preview.locator("p").evaluate((p) => getComputedStyle(p).color)).toBe(
      "rgb(7, 7, 7)",
    );
    expect(await runtime.build()).toHaveProperty("files");
  });
});

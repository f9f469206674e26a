import type { FileMap } from "../web/runtimes/runtime.ts";
import type { EditedFile } from "./editTimes.ts";

interface SmallProject {
  label: string;
  files: FileMap;
  /** A text that the page shows at first. */
  shows: string;
  edited: readonly EditedFile[];
}

const page = (script: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="UTF-8"><title>Small</title></head><body><div id="app"></div><script type="module" src="/src/${script}"></script></body></html>`;

const sheet = "body { font-family: system-ui; --note: plain; }\n";
const ofSheet: EditedFile = { file: "src/style.css", before: "plain" };

const manifest = (dependencies: Record<string, string>, devDependencies: Record<string, string>): string =>
  JSON.stringify({
    name: "small",
    private: true,
    type: "module",
    dependencies,
    devDependencies: { vite: "8.3.4", typescript: "7.0.2", ...devDependencies },
  });

const config = (plugin: string, name: string): string =>
  `import { defineConfig } from "vite";\nimport ${name} from "${plugin}";\nexport default defineConfig({ plugins: [${name}()] });\n`;

const vanilla: SmallProject = {
  label: "vanilla TS",
  files: {
    "package.json": manifest({}, {}),
    "index.html": page("main.ts"),
    "src/style.css": sheet,
    "src/counter.ts":
      "export function counter(button: HTMLButtonElement): void {\n  let count = 0;\n  button.onclick = () => {\n    count += 1;\n    button.textContent = `Count is ${count}`;\n  };\n}\n",
    "src/main.ts": `import "./style.css";
import { counter } from "./counter.ts";

document.querySelector<HTMLDivElement>("#app")!.innerHTML = \`
  <h1>Get started</h1>
  <button type="button">Count is 0</button>
\`;
counter(document.querySelector("button")!);
`,
  },
  shows: "Get started",
  edited: [{ file: "src/main.ts", before: "Get started" }, ofSheet],
};

const solid: SmallProject = {
  label: "Solid + nanoid",
  files: {
    "package.json": manifest({ "solid-js": "1.9.20", nanoid: "6.0.2" }, { "vite-plugin-solid": "2.11.14" }),
    "index.html": page("main.tsx"),
    "vite.config.ts": config("vite-plugin-solid", "solid"),
    "tsconfig.json": JSON.stringify({ compilerOptions: { jsx: "preserve", jsxImportSource: "solid-js" } }),
    "src/style.css": sheet,
    "src/main.tsx":
      'import { render } from "solid-js/web";\nimport { App } from "./App.tsx";\nimport "./style.css";\n\nrender(() => <App />, document.getElementById("app")!);\n',
    "src/App.tsx": `import { nanoid } from "nanoid";
import { createSignal } from "solid-js";

export function App() {
  const [count, setCount] = createSignal(0);
  const id = nanoid();
  return (
    <main>
      <h1>Get started</h1>
      <button onClick={() => setCount(count() + 1)}>Count is {count()}</button>
      <p>{id}</p>
    </main>
  );
}
`,
  },
  shows: "Get started",
  edited: [{ file: "src/App.tsx", before: "Get started" }, ofSheet],
};

const react: SmallProject = {
  label: "React + zustand",
  files: {
    "package.json": manifest(
      { react: "19.3.1", "react-dom": "19.3.1", zustand: "5.1.0" },
      { "@vitejs/plugin-react": "6.3.0" },
    ),
    "index.html": page("main.tsx"),
    "vite.config.ts": config("@vitejs/plugin-react", "react"),
    "src/style.css": sheet,
    "src/main.tsx":
      'import { createRoot } from "react-dom/client";\nimport { App } from "./App.tsx";\nimport "./style.css";\n\ncreateRoot(document.getElementById("app")!).render(<App />);\n',
    "src/App.tsx": `import { useState } from "react";
import { create } from "zustand";

const useStore = create<{ bears: number; more: () => void }>((set) => ({
  bears: 0,
  more: () => set((state) => ({ bears: state.bears + 1 })),
}));

export function App() {
  const [count, setCount] = useState(0);
  const { bears, more } = useStore();
  return (
    <main>
      <h1>Get started</h1>
      <button onClick={() => setCount(count + 1)}>Count is {count}</button>
      <button onClick={more}>Bears: {bears}</button>
    </main>
  );
}
`,
  },
  shows: "Get started",
  edited: [{ file: "src/App.tsx", before: "Get started" }, ofSheet],
};

/** Projects of a few lines with one package: what an edit costs before the project's own code does. */
export const smallProjects: readonly SmallProject[] = [vanilla, solid, react];

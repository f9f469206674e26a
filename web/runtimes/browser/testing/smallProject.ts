import type { FileMap } from "../../runtime.ts";

/** A project without packages: one page, one script, one sheet. */
export function smallProject(files: FileMap = {}): FileMap {
  return {
    "package.json": JSON.stringify({ name: "small", private: true, type: "module" }),
    "index.html":
      '<!doctype html><html><head><title>Small</title></head><body><div id="app"></div><script type="module" src="/src/main.ts"></script></body></html>',
    "src/main.ts":
      'import "./style.css";\nconst app: HTMLElement | null = document.querySelector("#app");\nif (app) app.innerHTML = "<h1>Hello</h1>";\n',
    "src/style.css": "h1 { color: rgb(1, 2, 3); }",
    ...files,
  };
}

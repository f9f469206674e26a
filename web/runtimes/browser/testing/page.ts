import type { PreviewState, Runtime } from "../../runtime.ts";
import { createBrowserRuntime, type BrowserRuntimeOptions } from "../browserRuntime.ts";

/** What tests drive through `page.evaluate`. */
export interface RuntimeTestPage {
  runtime: Runtime;
  states: PreviewState[];
  consoleLines: { level: string; text: string }[];
  boot(options: Omit<BrowserRuntimeOptions, "origin">): void;
  /** Shows the preview in a frame, as the Studio does. */
  show(): void;
}

declare global {
  var coder: RuntimeTestPage;
}

globalThis.coder = {
  runtime: undefined as unknown as Runtime,
  states: [],
  consoleLines: [],
  boot(options) {
    this.runtime = createBrowserRuntime({ ...options, origin: location.origin });
    this.runtime.onPreview((state) => this.states.push(state));
    this.runtime.onConsole((line) => this.consoleLines.push(line));
  },
  show() {
    const { preview } = this.runtime;
    if (preview.kind !== "ready") throw new Error(`The preview is ${JSON.stringify(preview)}`);
    const frame = document.createElement("iframe");
    frame.id = "preview";
    frame.allow = "cross-origin-isolated";
    frame.style.cssText = "width:900px;height:700px";
    frame.src = preview.url;
    document.body.append(frame);
  },
};

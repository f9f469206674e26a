import { CoderError } from "../../../../shared/errors.ts";
import type { PreviewFailure, PreviewState, Runtime } from "../../runtime.ts";
import { createBrowserRuntime, type BrowserRuntimeOptions } from "../browserRuntime.ts";

/** What tests drive through `page.evaluate`: values here have to survive a structured clone. */
export interface RuntimeTestPage {
  runtime: Runtime;
  states: PreviewState[];
  consoleLines: { level: string; text: string }[];
  boot(options: Omit<BrowserRuntimeOptions, "origin">): void;
  /** As the Studio boots: by `chooseRuntime`, with WebContainers configured. */
  choose(options: { projectId: string; bootDeadlineMs: number }): Promise<"webcontainer" | "browser">;
  /** Shows the preview in a frame as soon as it can be opened, as the Studio does. */
  show(): void;
  stateThat(kind: PreviewState["kind"]): Promise<PreviewState>;
  /** Contents in base64. */
  build(): Promise<{ files: Record<string, string> } | { failure: PreviewFailure }>;
  run(command: string, args: readonly string[]): Promise<{ code: number; output: string }>;
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
  async choose(options) {
    const { chooseRuntime } = await import("../../chooseRuntime.ts");
    this.runtime = await chooseRuntime({ ...options, origin: location.origin, webcontainer: {} });
    return this.runtime.name;
  },
  show() {
    const frame = document.createElement("iframe");
    frame.id = "preview";
    frame.allow = "cross-origin-isolated";
    frame.style.cssText = "width:900px;height:700px";
    const open = (state: PreviewState): void => {
      if (frame.isConnected || !("url" in state) || state.url === undefined) return;
      frame.src = state.url;
      document.body.append(frame);
    };
    this.runtime.onPreview(open);
    open(this.runtime.preview);
  },
  stateThat(kind) {
    const { runtime } = this;
    if (runtime.preview.kind === kind) return Promise.resolve(runtime.preview);
    return new Promise((resolve) => {
      const stop = runtime.onPreview((state) => {
        if (state.kind !== kind) return;
        stop();
        resolve(state);
      });
    });
  },
  async build() {
    try {
      const { files } = await this.runtime.build();
      const bytes = (content: string | Uint8Array) =>
        typeof content === "string" ? new TextEncoder().encode(content) : content;
      return {
        files: Object.fromEntries(
          Object.entries(files).map(([path, content]) => [path, bytes(content).toBase64()]),
        ),
      };
    } catch (thrown) {
      if (thrown instanceof CoderError && thrown.code === "bad_input")
        return { failure: thrown.details as PreviewFailure };
      throw thrown;
    }
  },
  async run(command, args) {
    const process = await this.runtime.spawn(command, [...args]);
    let output = "";
    for await (const text of process.output) output += text;
    return { code: await process.exit, output };
  },
};

import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import type { Runtime, RuntimeProcess } from "../runtimes/runtime.ts";

/** xterm.js (https://xtermjs.org) on a shell of the runtime. Loaded when the terminal is first shown. */
export interface TerminalView {
  /** Rejects when the shell cannot be started or its output breaks off. */
  ended: Promise<void>;
  dispose(): void;
}

/** A colour of the design as xterm takes it: it knows no `light-dark()` or OKLCH, so the browser computes it. */
function colour(name: string): string {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const element = document.createElement("i");
  element.style.color = `var(--color-${name})`;
  document.body.append(element);
  const computed = getComputedStyle(element).color;
  element.remove();
  if (probe === null) return computed;
  probe.fillStyle = computed;
  probe.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = probe.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

export function makeTerminal(parent: HTMLElement, runtime: Runtime): TerminalView {
  const terminal = new Terminal({
    fontFamily: '"Geist Mono Variable", ui-monospace, monospace',
    fontSize: 12,
    cursorBlink: true,
    screenReaderMode: true,
    theme: {
      background: colour("sunken"),
      foreground: colour("text"),
      cursor: colour("text"),
      selectionBackground: colour("accent-soft"),
    },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(parent);
  fit.fit();
  let process: RuntimeProcess | undefined;
  let disposed = false;
  const resize = new ResizeObserver(() => {
    // Hidden: a terminal of no size would break every line.
    if (parent.clientHeight === 0) return;
    fit.fit();
    process?.resize({ cols: terminal.cols, rows: terminal.rows });
  });
  resize.observe(parent);

  const run = async () => {
    const shell = await runtime.spawn("sh", [], { terminal: { cols: terminal.cols, rows: terminal.rows } });
    process = shell;
    if (disposed) return shell.kill();
    const writer = shell.input.getWriter();
    terminal.onData((data) => void writer.write(data));
    const reader = shell.output.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) terminal.write(part.value);
    terminal.write("\r\nThe shell has ended.\r\n");
  };
  return {
    ended: run(),
    dispose() {
      disposed = true;
      resize.disconnect();
      process?.kill();
      terminal.dispose();
    },
  };
}

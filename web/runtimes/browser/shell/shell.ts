import { getCommandNames } from "just-bash/browser";
import type { Shell, ShellOptions, ShellProcess, ShellSpawn } from "../kernelParts.ts";
import { createTools } from "./commands/tools.ts";
import { ShellSession } from "./shellSession.ts";
import { quoteArguments } from "./splitList.ts";
import { Terminal } from "./terminal.ts";
import type { Tool } from "./tool.ts";

const shellNames = new Set(["", "sh", "bash", "jsh", "zsh"]);
const defaultSize = { cols: 80, rows: 24 };

/** A terminal moves to the next row only; programs print line feeds. */
function toTerminal(text: string): string {
  return text.replaceAll(/\r?\n/g, "\r\n");
}

/**
 * The shell of the built-in runtime. A shell name without arguments and with a terminal is interactive; everything
 * else is one command, run to its end.
 */
export function createShell(options: ShellOptions): Shell {
  const tools = (): Tool[] => createTools(options.fs);
  return {
    spawn(request) {
      const session = new ShellSession(options, tools, request.env);
      const isInteractive =
        request.terminal !== undefined && request.args.length === 0 && shellNames.has(request.command);
      return isInteractive
        ? startTerminal(options, { session, request, tools })
        : startCommand(session, request);
    },
  };
}

/** Output of before the first listener waits for it. */
function createOutput(): { write(text: string): void; onOutput(listener: (text: string) => void): void } {
  const listeners: ((text: string) => void)[] = [];
  let early = "";
  return {
    write(text) {
      if (text === "") return;
      if (listeners.length === 0) early += text;
      for (const listener of listeners) listener(text);
    },
    onOutput(listener) {
      listeners.push(listener);
      if (early !== "") listener(early);
      early = "";
    },
  };
}

function startTerminal(
  options: ShellOptions,
  { session, request, tools }: { session: ShellSession; request: ShellSpawn; tools: () => Tool[] },
): ShellProcess {
  const output = createOutput();
  let size = request.terminal ?? defaultSize;
  const terminal = new Terminal({
    session,
    fs: options.fs,
    write: (text) => output.write(toTerminal(text)),
    size: () => size,
    commands: () => [...getCommandNames(), ...tools().map(({ name }) => name), "cd", "exit", "export"],
  });
  return {
    onOutput: (listener) => output.onOutput(listener),
    write: (text) => terminal.input(text),
    resize: (next) => void (size = next),
    kill: () => terminal.kill(),
    exit: terminal.exit,
  };
}

function startCommand(session: ShellSession, request: ShellSpawn): ShellProcess {
  const output = createOutput();
  const abort = new AbortController();
  const listeners = new Set<(text: string) => void>();
  let size = request.terminal ?? defaultSize;
  let typed = "";
  const write = (text: string): void => output.write(toTerminal(text));
  const isScript = shellNames.has(request.command) && request.args[0] === "-c";
  const line = isScript ? (request.args[1] ?? "") : quoteArguments([request.command, ...request.args]);
  const exit = session.run(line, {
    out: { stdout: write, stderr: write },
    signal: abort.signal,
    onInput: (listener) => {
      listeners.add(listener);
      if (typed !== "") listener(typed);
      typed = "";
      return () => listeners.delete(listener);
    },
    size: () => size,
  });
  return {
    onOutput: (listener) => output.onOutput(listener),
    write(text) {
      if (text.includes("\u0003")) return abort.abort();
      const cooked = text.replaceAll("\r", "\n");
      if (listeners.size === 0) typed += cooked;
      for (const listener of listeners) listener(cooked);
    },
    resize: (next) => void (size = next),
    kill: () => abort.abort(),
    exit,
  };
}

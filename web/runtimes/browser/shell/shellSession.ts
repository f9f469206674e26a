import { Bash, InMemoryFs, MountableFs, defineCommand } from "just-bash/browser";
import type { CustomCommand, IFileSystem } from "just-bash/browser";
import { toCoderError } from "../../../../shared/errors.ts";
import { projectRoot } from "../fs/projectPath.ts";
import type { ShellOptions } from "../kernelParts.ts";
import { createBashFs } from "./bashFs.ts";
import { createPauseCommand, loopPausePlugin } from "./loopPause.ts";
import { splitList } from "./splitList.ts";
import type { ListPart } from "./splitList.ts";
import type { Output, Tool, ToolContext } from "./tool.ts";
import { interruptedCode } from "./tool.ts";

/** What a running line has to do with the outside. */
export interface JobIo {
  out: Output;
  signal: AbortSignal;
  stdin?: string;
  onInput(listener: (text: string) => void): () => void;
  size(): { cols: number; rows: number };
}

interface State {
  cwd: string;
  env: Record<string, string>;
}

const initialEnv = {
  HOME: "/home/user",
  USER: "user",
  SHELL: "/bin/bash",
  PATH: "/project/node_modules/.bin:/usr/bin:/bin",
  LANG: "C.UTF-8",
  TERM: "xterm-256color",
};

/** The interpreter's own bounds: enough for real scripts; a loop that never ends is stopped by Ctrl-C before them. */
const limits = {
  maxCommandCount: 100_000_000,
  maxLoopIterations: 100_000_000,
  maxWorkUnits: 1_000_000_000,
};

/** Splits just-bash's byte string (one character per byte) where a command got binary or piped input. */
function decodeStdin(stdin: string): string {
  return new TextDecoder().decode(Uint8Array.from(stdin, (character) => character.charCodeAt(0)));
}

/**
 * A shell with a working directory, variables and exit status that carry from line to line. Builtins and the usual
 * POSIX tools are just-bash's; the runtime's own commands are `tools`, whose output appears while they run.
 */
export class ShellSession {
  readonly #parts: ShellOptions;
  readonly #tools: () => Tool[];
  readonly #fs: IFileSystem;
  #state: State;
  #lastCode = 0;

  constructor(parts: ShellOptions, tools: () => Tool[], env: Record<string, string> = {}) {
    this.#parts = parts;
    this.#tools = tools;
    const mounted = new MountableFs({ base: new InMemoryFs() });
    mounted.mount(projectRoot, createBashFs(parts.fs));
    this.#fs = mounted;
    this.#state = { cwd: projectRoot, env: { ...initialEnv, ...env } };
  }

  get cwd(): string {
    return this.#state.cwd;
  }

  get env(): Readonly<Record<string, string>> {
    return this.#state.env;
  }

  /** Runs one command line; resolves with its exit code, never rejects for what the line does. */
  async run(line: string, io: JobIo): Promise<number> {
    this.#lastCode = await this.#runLine(line, io, this.#state);
    return this.#lastCode;
  }

  async #runLine(line: string, io: JobIo, state: State): Promise<number> {
    const parts = splitList(line);
    let code = 0;
    for (const [index, part] of parts.entries()) {
      if (io.signal.aborted) return interruptedCode;
      if ((part.after === "&&" && code !== 0) || (part.after === "||" && code === 0)) continue;
      code = await this.#runPart(part, { ...io, isFollowed: parts[index + 1]?.after === "&&" }, state);
    }
    return io.signal.aborted ? interruptedCode : code;
  }

  async #runPart(part: ListPart, io: JobIo & { isFollowed: boolean }, state: State): Promise<number> {
    const bash = new Bash({
      fs: this.#fs,
      cwd: state.cwd,
      env: state.env,
      executionLimits: limits,
      customCommands: [
        createPauseCommand(),
        ...this.#tools().map((tool) => this.#command(tool, { part, io })),
      ],
    });
    bash.registerTransformPlugin(loopPausePlugin);
    // The interpreter starts every line with status 0; a line that asks for the last one gets it restored.
    const script = part.text.includes("$?") ? `(exit ${this.#lastCode}); ${part.text}` : part.text;
    const running = bash.exec(script, {
      cwd: state.cwd,
      env: state.env,
      replaceEnv: true,
      signal: io.signal,
      ...(io.stdin === undefined ? {} : { stdin: io.stdin }),
    });
    const result = await running.catch((error: unknown) => {
      if (io.signal.aborted) return undefined;
      throw toCoderError(error);
    });
    // An aborted line also reports its abortion; whoever pressed Ctrl-C knows.
    if (result === undefined || io.signal.aborted) return interruptedCode;
    if (result.stdout !== "")
      io.out.stdout(result.stdoutKind === "bytes" ? decodeStdin(result.stdout) : result.stdout);
    if (result.stderr !== "") io.out.stderr(result.stderr);
    const { PWD: cwd, ...env } = result.env;
    state.cwd = cwd ?? state.cwd;
    state.env = { ...env };
    return result.exitCode;
  }

  #command(tool: Tool, { part, io }: { part: ListPart; io: JobIo & { isFollowed: boolean } }): CustomCommand {
    return defineCommand(tool.name, async (args, context) => {
      let stdout = "";
      let stderr = "";
      const collected: Output = {
        stdout: (text) => void (stdout += text),
        stderr: (text) => void (stderr += text),
      };
      const out = part.isRedirected ? collected : io.out;
      const env = { ...context.exportedEnv };
      const toolContext: ToolContext = {
        parts: this.#parts,
        cwd: context.cwd,
        env,
        out,
        signal: io.signal,
        stdin: decodeStdin(context.stdin as unknown as string) || (io.stdin ?? ""),
        onInput: (listener) => io.onInput(listener),
        size: () => io.size(),
        isFollowed: io.isFollowed,
        run: (line, options) =>
          this.#runLine(
            line,
            { ...io, out },
            { cwd: options?.cwd ?? context.cwd, env: { ...env, ...options?.env } },
          ),
      };
      try {
        return { exitCode: await tool.run(args, toolContext), stdout, stderr };
      } catch (error) {
        if (io.signal.aborted) return { exitCode: interruptedCode, stdout, stderr };
        out.stderr(`${tool.name}: ${toCoderError(error).message}\n`);
        return { exitCode: 1, stdout, stderr };
      }
    });
  }
}

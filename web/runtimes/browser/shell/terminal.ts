import type { ProjectFs } from "../kernelParts.ts";
import { projectRoot } from "../fs/projectPath.ts";
import { LineEditor } from "./lineEditor.ts";
import type { ShellSession } from "./shellSession.ts";
import type { Output } from "./tool.ts";
import { interruptedCode } from "./tool.ts";

export interface TerminalOptions {
  session: ShellSession;
  fs: ProjectFs;
  write(text: string): void;
  size(): { cols: number; rows: number };
  commands(): string[];
}

/** An interactive shell: prompt, line editing, one foreground job at a time, Ctrl-C. */
export class Terminal {
  readonly #options: TerminalOptions;
  readonly #editor: LineEditor;
  readonly #ended = Promise.withResolvers<number>();
  #job: { abort: AbortController; listeners: Set<(text: string) => void> } | undefined;
  /** Typed while a job ran that did not read it. */
  #ahead = "";
  #lastCode = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#editor = new LineEditor({
      write: (text) => options.write(text),
      columns: () => Math.max(2, options.size().cols),
      complete: (line) => this.#complete(line),
    });
    this.#prompt();
  }

  get exit(): Promise<number> {
    return this.#ended.promise;
  }

  input(text: string): void {
    if (this.#job !== undefined) return this.#jobInput(text);
    const { event, rest } = this.#editor.feed(text);
    if (event === undefined) return;
    this.#ahead = rest;
    if (event.type === "end") {
      this.#options.write("exit\r\n");
      this.#ended.resolve(this.#lastCode);
    } else if (event.type === "interrupt") {
      this.#lastCode = interruptedCode;
      this.#prompt();
    } else void this.#run(event.text);
  }

  /** Ends the job and the shell. */
  kill(): void {
    this.#job?.abort.abort();
    this.#ended.resolve(137);
  }

  #jobInput(text: string): void {
    const interrupt = text.indexOf("\u0003");
    if (interrupt !== -1) {
      this.#options.write("^C\r\n");
      this.#ahead = "";
      this.#job?.abort.abort();
      return;
    }
    const listeners = this.#job?.listeners;
    // A stopped job may still listen for a moment; what is typed by then is for the shell.
    if (listeners === undefined || listeners.size === 0 || this.#job?.abort.signal.aborted === true) {
      this.#ahead += text;
      return;
    }
    const cooked = text.replaceAll("\r", "\n");
    this.#options.write(cooked.replaceAll("\n", "\r\n"));
    for (const listener of listeners) listener(cooked);
  }

  #prompt(): void {
    const { cwd } = this.#options.session;
    const place =
      cwd === projectRoot
        ? "~"
        : cwd.startsWith(`${projectRoot}/`)
          ? `~${cwd.slice(projectRoot.length)}`
          : cwd;
    const colour = this.#lastCode === 0 ? 32 : 31;
    this.#editor.start(`\u001b[36m${place}\u001b[0m \u001b[${colour}m❯\u001b[0m `);
    const ahead = this.#ahead;
    this.#ahead = "";
    if (ahead !== "") this.input(ahead);
  }

  async #run(line: string): Promise<void> {
    const exit = /^\s*exit(?:\s+(\d+))?\s*$/.exec(line);
    if (exit !== null) {
      this.#ended.resolve(exit[1] === undefined ? this.#lastCode : Number(exit[1]) & 255);
      return;
    }
    if (line.trim() === "") return this.#prompt();
    const job = { abort: new AbortController(), listeners: new Set<(text: string) => void>() };
    this.#job = job;
    const write = (text: string): void => {
      // What a stopped job still says would land behind the next prompt.
      if (this.#job === job) this.#options.write(text);
    };
    const out: Output = { stdout: write, stderr: write };
    const run = this.#options.session.run(line, {
      out,
      signal: job.abort.signal,
      onInput: (listener) => {
        job.listeners.add(listener);
        return () => job.listeners.delete(listener);
      },
      size: () => this.#options.size(),
    });
    this.#lastCode = await run.catch((error: unknown) => {
      write(`${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    });
    this.#job = undefined;
    this.#prompt();
  }

  #complete(line: string): string[] {
    const word = line.slice(line.lastIndexOf(" ") + 1);
    if (!line.trimStart().includes(" ") && !word.includes("/")) {
      return this.#options
        .commands()
        .filter((name) => name.startsWith(word))
        .sort();
    }
    const slash = word.lastIndexOf("/");
    const folder = word.slice(0, slash + 1);
    const { cwd } = this.#options.session;
    const directory = folder.startsWith("/") ? folder : `${cwd}/${folder}`;
    if (!directory.startsWith(projectRoot) || directory.includes("..") || !this.#options.fs.exists(directory))
      return [];
    return this.#options.fs
      .readdir(directory)
      .filter(({ name }) => name.startsWith(word.slice(slash + 1)))
      .map(({ name, kind }) => `${folder}${name}${kind === "directory" ? "/" : ""}`);
  }
}

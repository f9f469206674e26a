import type { IFs, Volume } from "memfs";
import { memfs } from "memfs";
import type { ProcessChange, ProcessFile } from "../processProtocol.ts";

const root = "/project";
const mutating =
  /^(?:append|chmod|copyFile|cp|create|ftruncate|link|mkdir|mkdtemp|open|rename|rm|rmdir|symlink|truncate|unlink|utimes|write|close)/;

export interface ProcessFsOptions {
  /** What relative paths are relative to. */
  cwd(): string;
  report(changes: ProcessChange[]): void;
  /** Runs something soon without keeping the process alive. */
  later(action: () => void): void;
}

/**
 * The files of a process: a copy of the project's in its own memory. Changes are found by comparing with what was last
 * known, some time after a call that could have made one, and at the end.
 */
export class ProcessFs {
  readonly fs: IFs;
  readonly #volume: Volume;
  readonly #known = new Map<string, Uint8Array | "directory">();
  readonly #report: (changes: ProcessChange[]) => void;
  readonly #later: (action: () => void) => void;
  #isScheduled = false;

  constructor(files: ProcessFile[], options: ProcessFsOptions) {
    const process = { cwd: () => options.cwd(), platform: "linux", emitWarning: () => undefined, env: {} };
    const { fs, vol } = memfs({}, { process });
    this.fs = fs;
    this.#volume = vol;
    this.#report = (changes) => options.report(changes);
    this.#later = (action) => options.later(action);
    for (const directory of [root, "/tmp", "/home/user"])
      this.#volume.mkdirSync(directory, { recursive: true });
    for (const { path, bytes } of files) {
      const target = `${root}/${path}`;
      this.#volume.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
      this.#volume.writeFileSync(target, bytes);
    }
    for (const change of this.#difference()) this.#remember(change);
    for (const api of [this.fs, this.fs.promises] as unknown as Record<string, unknown>[]) this.#observe(api);
  }

  /** Reports what changed since the last time. */
  sync(): void {
    const changes = this.#difference();
    for (const change of changes) this.#remember(change);
    if (changes.length > 0) this.#report(changes);
  }

  #observe(api: Record<string, unknown>): void {
    for (const [name, original] of Object.entries(api)) {
      if (typeof original !== "function" || !mutating.test(name)) continue;
      api[name] = (...args: unknown[]): unknown => {
        this.#schedule();
        return original.apply(api, args) as unknown;
      };
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#later(() => {
      this.#isScheduled = false;
      this.sync();
    });
  }

  #remember(change: ProcessChange): void {
    if (change.kind === "delete") this.#known.delete(change.path);
    else this.#known.set(change.path, change.kind === "write" ? change.bytes : "directory");
  }

  #difference(): ProcessChange[] {
    const changes: ProcessChange[] = [];
    const found = new Set<string>();
    const visit = (directory: string): void => {
      for (const name of this.#volume.readdirSync(directory) as string[]) {
        if (name === "node_modules" || name === ".git") continue;
        const full = `${directory}/${name}`;
        const path = full.slice(root.length + 1);
        const stats = this.#volume.statSync(full, { throwIfNoEntry: false });
        if (stats === undefined) continue;
        found.add(path);
        if (stats.isDirectory()) {
          if (this.#known.get(path) !== "directory") changes.push({ kind: "directory", path });
          visit(full);
        } else {
          const bytes = new Uint8Array(this.#volume.readFileSync(full) as Uint8Array);
          if (!isSame(this.#known.get(path), bytes)) changes.push({ kind: "write", path, bytes });
        }
      }
    };
    visit(root);
    for (const path of this.#known.keys()) if (!found.has(path)) changes.push({ kind: "delete", path });
    return changes;
  }
}

function isSame(known: Uint8Array | "directory" | undefined, bytes: Uint8Array): boolean {
  if (known === undefined || known === "directory" || known.length !== bytes.length) return false;
  return bytes.every((byte, index) => byte === known[index]);
}

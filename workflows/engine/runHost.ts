import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import type { Policies } from "../../shared/workflow/schema.ts";
import type { OpenSandbox, Sandbox } from "../sandbox/sandbox.ts";
import type { RunInfo, StepCache } from "../steps/step.ts";
import type { OpenedSecret } from "./runSecrets.ts";
import type { Checkout } from "./checkout.ts";
import { crashPoint } from "./crashPoint.ts";
import type { StepCacheStore } from "./stepCacheStore.ts";
import { putFile, type LeftFile } from "./leftFiles.ts";
import { makeKeptRuns } from "./keptRuns.ts";

/** Why everything of a run is stopped. `handover`: this worker leaves, another one goes on. */
export type AbortReason = "canceled" | "budget_wall_clock" | "finished" | "handover";

/** What becomes of an ended run's files: kept for a re-run, removed; `none` for a run that can have made none. */
export type RunFiles = "keep" | "remove" | "none";

export class RunAborted extends Error {
  readonly reason: AbortReason;
  constructor(reason: AbortReason) {
    super(`The run is stopped: ${reason}`);
    this.name = "RunAborted";
    this.reason = reason;
  }
}

/** Thrown when another machine held the files that earlier steps made. */
export class WorkspaceLost extends Error {
  constructor() {
    super("The files that earlier steps made were on a worker that is gone; run it again.");
    this.name = "WorkspaceLost";
  }
}

export interface RunHostDeps {
  workDir: string;
  registry: string;
  workerId: string;
  checkout: Checkout;
  openSandbox: OpenSandbox;
  privateDirs: readonly string[];
  stepCache: StepCacheStore;
  /** Whether a worker still holds its lease. */
  isWorkerAlive(workerId: string): Promise<boolean>;
}

const runIdPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An idle run (one that waits for an approval) keeps its files, but not its sandbox's processes. */
const idleMs = 15_000;

interface SandboxNeeds {
  policies: Policies;
  /** Earlier steps may have left files: without them a missing checkout is `WorkspaceLost`. */
  workMayExist: boolean;
  /** The files that they have named as theirs; undefined when one did not say which it leaves. */
  leftFiles(): Promise<LeftFile[] | undefined>;
  /** What the commands of this sandbox are given. */
  secrets: readonly OpenedSecret[];
}

/** A checkout that is being made: `ready` when its directory is a repository, `complete` when the files are there. */
interface CheckingOut {
  ready: Promise<void>;
  complete: Promise<void>;
}

/**
 * What one run owns on this machine: its checkout and its sandboxes, made when first needed. Commands with other secrets
 * have another sandbox over the same files: one cannot look into the processes of the other, nor use its placeholders.
 */
export class RunHost {
  readonly dir: string;
  readonly repoDir: string;
  readonly #deps: RunHostDeps;
  readonly #controller = new AbortController();
  /** By the secrets that their commands are given. */
  readonly #sandboxes = new Map<string, Promise<Sandbox>>();
  #checkout: CheckingOut | undefined;
  #users = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(runId: string, deps: RunHostDeps) {
    this.#deps = deps;
    this.dir = join(deps.workDir, "runs", runId);
    this.repoDir = join(this.dir, "repo");
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get abortReason(): AbortReason | undefined {
    const reason: unknown = this.#controller.signal.reason;
    return reason instanceof RunAborted ? reason.reason : undefined;
  }

  /** Whether it has a sandbox, and with it the memory of several processes. */
  get isOpen(): boolean {
    return this.#sandboxes.size > 0;
  }

  /** Kills what runs, and lets nothing of this run start any more on this worker. */
  abort(reason: AbortReason): void {
    if (!this.signal.aborted) this.#controller.abort(new RunAborted(reason));
  }

  /** Keeps the sandbox from being closed as idle until the returned function is called. */
  use(): () => void {
    this.#users += 1;
    clearTimeout(this.#idle);
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      this.#users -= 1;
      // What cannot be closed now is closed with the run, which reports it.
      const close = (): void => void this.closeSandboxes().catch(() => undefined);
      if (this.#users === 0) this.#idle = setTimeout(close, idleMs).unref();
    };
  }

  /**
   * The run's sandbox for these secrets, over its checkout. Fetching the files and opening the sandbox go on side by side;
   * steps that run side by side share both.
   */
  async sandbox(run: RunInfo, needs: SandboxNeeds): Promise<Sandbox> {
    // A value that was replaced meanwhile makes another sandbox.
    const key = needs.secrets
      .map(({ name, id, version }) => `${name} ${id} ${version}`)
      .sort()
      .join("\n");
    for (;;) {
      this.signal.throwIfAborted();
      const opening = this.#sandboxes.get(key) ?? this.#open(run, needs);
      this.#sandboxes.set(key, opening);
      try {
        const sandbox = await opening;
        if (!sandbox.ended) return sandbox;
      } catch (error) {
        // Not kept: a retry of the step tries again.
        if (this.#sandboxes.get(key) === opening) this.#sandboxes.delete(key);
        throw error;
      }
      // A command may have killed everything inside, the server too: the next step gets a new sandbox.
      if (this.#sandboxes.get(key) === opening) this.#sandboxes.delete(key);
    }
  }

  async #open(run: RunInfo, needs: SandboxNeeds): Promise<Sandbox> {
    const checkout = (this.#checkout ??= this.#checkOut(run, needs));
    await checkout.ready;
    const opening = this.#openSandbox(run, needs);
    // It may fail while the files are still being fetched; it is awaited after them.
    opening.catch(() => undefined);
    try {
      await checkout.complete;
    } catch (error) {
      const sandbox = await opening.catch(() => undefined);
      await sandbox?.close();
      throw error;
    }
    return opening;
  }

  async #leftFiles({ leftFiles }: SandboxNeeds): Promise<LeftFile[]> {
    const files = await leftFiles();
    if (files === undefined) throw new WorkspaceLost();
    return files;
  }

  #checkOut(run: RunInfo, needs: SandboxNeeds): CheckingOut {
    let isComplete = false;
    let left: LeftFile[] = [];
    const ready = (async () => {
      await this.#killLeftovers();
      ({ isComplete } = this);
      if (isComplete) return;
      if (needs.workMayExist) left = await this.#leftFiles(needs);
      // What an unfinished checkout of a dead worker has left.
      await rm(this.repoDir, { recursive: true, force: true });
      await mkdir(this.repoDir, { recursive: true });
      await this.#deps.checkout.prepare(this.repoDir);
    })();
    const complete = ready.then(() => (isComplete ? undefined : this.#fetch(run, left)));
    // Only sandboxes that are opened at the same time share it; a later one looks again.
    const settled = (): void => void (this.#checkout = undefined);
    complete.then(settled, settled);
    return { ready, complete };
  }

  /** Whether the checkout is there, with whatever steps have made of it. */
  get isComplete(): boolean {
    return existsSync(this.#marker);
  }

  /** Whose archives the run's steps may use, once there is a checkout. */
  async cache({ projectId, ref }: RunInfo, hasAgents: boolean): Promise<StepCache> {
    const { merged } = JSON.parse(await readFile(this.#marker, "utf8")) as { merged?: boolean };
    return this.#deps.stepCache.of({ projectId, ref, trusted: merged === true && !hasAgents });
  }

  get #marker(): string {
    return join(this.dir, "checkout.json");
  }

  async #fetch(run: RunInfo, left: readonly LeftFile[]): Promise<void> {
    await this.#deps.checkout.fetch(this.repoDir, run, this.signal);
    // Nothing runs in there yet.
    for (const file of left) await putFile(this.repoDir, file);
    const merged = await this.#deps.checkout.isMerged(this.repoDir, run);
    await writeFile(this.#marker, JSON.stringify({ commit: run.commit, merged }));
    crashPoint("after-checkout");
  }

  async #openSandbox(run: RunInfo, { policies, secrets }: SandboxNeeds): Promise<Sandbox> {
    const { stepCache, workDir } = this.#deps;
    const sandbox = await this.#deps.openSandbox({
      runId: run.id,
      workDir: this.dir,
      cacheDir: join(workDir, "cache", run.projectId),
      readableDirs: await stepCache.directories(run),
      allowedDomains: policies.network.allowed_domains,
      env: {
        CODER_RUN_ID: run.id,
        CODER_RUN_NUMBER: String(run.number),
        CODER_REF: run.ref,
        CODER_COMMIT: run.commit,
      },
      registry: this.#deps.registry,
      privateDirs: this.#deps.privateDirs,
      secrets,
    });
    const names = secrets.map((secret) => secret.name).sort();
    const tag = createHash("sha256").update(names.join("\n")).digest("hex").slice(0, 12);
    await writeFile(
      join(this.dir, `sandbox-${tag}.pid`),
      JSON.stringify({ pid: sandbox.pid, workerId: this.#deps.workerId }),
    );
    return sandbox;
  }

  /**
   * A worker that hangs (stopped, swapped out) loses its lease but its sandbox lives on: it must not work in the same
   * files as ours. One of a worker that is alive is left alone: the two take turns in steps of one run.
   */
  async #killLeftovers(): Promise<void> {
    const files = await readdir(this.dir).catch(() => []);
    for (const name of files) if (/^sandbox-\w+\.pid$/.test(name)) await this.#killLeftover(name);
  }

  async #killLeftover(name: string): Promise<void> {
    const text = await readFile(join(this.dir, name), "utf8").catch(() => undefined);
    if (text === undefined) return;
    const { pid, workerId } = JSON.parse(text) as { pid: number; workerId: string };
    if (workerId === this.#deps.workerId || (await this.#deps.isWorkerAlive(workerId))) return;
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!commandLine.includes(this.dir)) return;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      try {
        process.kill(signal === "SIGTERM" ? pid : -pid, signal);
      } catch {
        // Gone already.
        return;
      }
      if (signal === "SIGTERM") await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async closeSandboxes(): Promise<void> {
    const opened = [...this.#sandboxes.values()];
    this.#sandboxes.clear();
    await Promise.all(
      opened.map(async (opening) => {
        const sandbox = await opening.catch(() => undefined);
        await sandbox?.close();
      }),
    );
  }

  /** Ends everything and, with `removeFiles`, leaves nothing on the disk. */
  async dispose(options: { reason: AbortReason; removeFiles: boolean }): Promise<void> {
    clearTimeout(this.#idle);
    this.abort(options.reason);
    await this.closeSandboxes();
    if (options.removeFiles) await this.removeFiles();
  }

  async removeFiles(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

export interface RunHosts {
  get(runId: string): RunHost;
  abort(runId: string, reason: AbortReason): void;
  /** The run has ended: nothing of it stays, but for the files if they are to be kept for a re-run. */
  finish(runId: string, files?: RunFiles): Promise<void>;
  /** Makes the kept files of an ended run those of another one; false when they are not on this machine. */
  takeOver(runId: string, from: string): Promise<boolean>;
  /** The worker leaves: everything stops, files stay for whoever goes on. */
  handOver(): Promise<void>;
  /** Runs that have something on this worker, be it files alone. */
  present(): Promise<string[]>;
}

export function makeRunHosts(deps: RunHostDeps): RunHosts {
  const hosts = new Map<string, RunHost>();
  const keptRuns = makeKeptRuns(join(deps.workDir, "kept"));
  let leaving = false;
  const finishing = new Map<string, Promise<void>>();
  const finish = async (runId: string, files: RunFiles): Promise<void> => {
    // Also without a host: the files may be of a worker of this machine that died.
    const host = hosts.get(runId) ?? new RunHost(runId, deps);
    hosts.delete(runId);
    await host.dispose({ reason: "finished", removeFiles: false });
    if (files === "none") return;
    if (files === "keep" && host.isComplete) await keptRuns.keep(runId, host.dir);
    await host.removeFiles();
  };
  return {
    get(runId) {
      if (!runIdPattern.test(runId)) throw new CoderError("bad_input", `${runId} is no run id`);
      let host = hosts.get(runId);
      if (!host) {
        host = new RunHost(runId, deps);
        hosts.set(runId, host);
        if (leaving) host.abort("handover");
      }
      return host;
    },
    abort(runId, reason) {
      hosts.get(runId)?.abort(reason);
    },
    finish(runId, files = "remove") {
      const ending = finishing.get(runId) ?? finish(runId, files).finally(() => finishing.delete(runId));
      finishing.set(runId, ending);
      return ending;
    },
    async takeOver(runId, from) {
      const host = new RunHost(runId, deps);
      return (await keptRuns.takeOver(from, host.dir)) && host.isComplete;
    },
    async handOver() {
      leaving = true;
      await Promise.all(
        [...hosts.values()].map((host) => host.dispose({ reason: "handover", removeFiles: false })),
      );
    },
    async present() {
      const directories = await readdir(join(deps.workDir, "runs")).catch(() => []);
      return [...new Set([...hosts.keys(), ...directories.filter((name) => runIdPattern.test(name))])];
    },
  };
}

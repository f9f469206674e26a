import type { LocalDatabase } from "./local/localDatabase.ts";
import type { Output } from "./output.ts";

/** What the commands take from outside; the entry (`supabase/local/coder.ts`) composes it. */
export interface Cli {
  version: string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  output: Output;
  /**
   * A database of this command's own, for `run --local`: nothing else of the stack is started.
   * @param onStarting called when its server is on its way, and this process has nothing to do but wait.
   */
  openLocalDatabase(cacheDir: string, onStarting: () => void): Promise<LocalDatabase>;
  /** The package registry that npm is configured for. */
  readRegistry(cacheDir: string): Promise<string>;
}

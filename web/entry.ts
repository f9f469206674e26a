import "./ui/tokens.css";
import { askAhead, type Asked } from "./askAhead.ts";
import { loadConfig, type Config } from "./config.ts";
import type { Begun } from "./main.tsx";
import { reloadOnNewBuild } from "./newBuild.ts";
import { runAddress } from "./runs/runAddress.ts";
import { loadKernelAhead } from "./runtimes/browser/page/kernelWorker.ts";
import { storedToken } from "./storedSession.ts";
import { projectAddress } from "./studio/projectAddress.ts";

/**
 * What the page begins with, small enough to run before the Studio is loaded: what the URL names is asked for and its page
 * loaded beside the Studio, not after it.
 */
reloadOnNewBuild();
const config = loadConfig(import.meta.env);
// Its failure is shown by the Studio, which waits for it too.
config.catch(() => undefined);
const token = storedToken((key) => localStorage.getItem(key), Math.floor(Date.now() / 1000));

/** Nothing where the URL names no such thing, and for a user who is not known to be signed in. */
function ask<Address, Answer>(path: string, address: Address | null): Asked<Address, Answer> | undefined {
  if (address === null || token === null) return undefined;
  const answer = askAhead<Answer>(config, token, { path, input: address });
  // Asked again by whoever wants it.
  answer.catch(() => undefined);
  return { address, answer };
}

const runAt = runAddress(location);
const projectAt = projectAddress(location);
const run: Begun["run"] = ask("history.open", runAt);
const project: Begun["project"] = ask("projects.bySlug", projectAt);

const studio = import("./main.tsx");
// Not waited for: the Studio loads them again by their routes, and says what failed.
if (runAt !== null) void import("./runs/RunPage.tsx").catch(() => undefined);
if (projectAt !== null) void import("./studio/Studio.tsx").catch(() => undefined);
if (project !== undefined) {
  const loadRuntime = ({ webcontainer }: Config): void => {
    // Where WebContainers are tried first, the built-in runtime is only wanted when they cannot be reached.
    if (webcontainer !== undefined) return;
    loadKernelAhead();
    void import("./runtimes/browser/browserRuntime.ts").catch(() => undefined);
  };
  config.then(loadRuntime).catch(() => undefined);
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
void studio.then(({ start }) => start(root, { config, run, project }));

import "./ui/tokens.css";
import type { Outputs } from "./api.ts";
import { askAhead } from "./askAhead.ts";
import { loadConfig, type Config } from "./config.ts";
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

/** Null for a user who is not known to be signed in. */
function ask<Answer>(path: string, input: unknown): Promise<Answer> | null {
  if (token === null) return null;
  const answer = askAhead<Answer>(config, token, { path, input });
  // Asked again by whoever wants it.
  answer.catch(() => undefined);
  return answer;
}

const run = runAddress(location);
const openedRun = run === null ? null : ask<Outputs["history"]["open"]>("history.open", run);
const project = projectAddress(location);
const openedProject =
  project === null ? null : ask<Outputs["projects"]["bySlug"]>("projects.bySlug", project);

const studio = import("./main.tsx");
// Not waited for: the Studio loads them again by their routes, and says what failed.
if (run !== null) void import("./runs/RunPage.tsx").catch(() => undefined);
if (project !== null) void import("./studio/Studio.tsx").catch(() => undefined);
if (openedProject !== null) {
  const loadRuntime = ({ webcontainer }: Config): void => {
    // Where WebContainers are tried first it is for the case that they cannot be reached.
    if (webcontainer !== undefined) return;
    loadKernelAhead();
    void import("./runtimes/browser/browserRuntime.ts").catch(() => undefined);
  };
  config.then(loadRuntime).catch(() => undefined);
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
void studio.then(({ start }) =>
  start(root, {
    config,
    ...(run === null || openedRun === null ? {} : { run: { address: run, opened: openedRun } }),
    ...(project === null || openedProject === null
      ? {}
      : { project: { address: project, opened: openedProject } }),
  }),
);

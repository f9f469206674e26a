import "./ui/tokens.css";
import { loadConfig } from "./config.ts";
import { reloadOnNewBuild } from "./newBuild.ts";
import { askForRun } from "./runs/askForRun.ts";
import { runAddress } from "./runs/runAddress.ts";
import { storedToken } from "./storedSession.ts";

/**
 * What the page begins with, small enough to run before the Studio is loaded: where the URL names a run, the run is asked
 * for and its page loaded beside the Studio, not after it.
 */
reloadOnNewBuild();
const config = loadConfig(import.meta.env);
// Its failure is shown by the Studio, which waits for it too.
config.catch(() => undefined);
const address = runAddress(location);
const token =
  address === null ? null : storedToken((key) => localStorage.getItem(key), Math.floor(Date.now() / 1000));
const opened = address !== null && token !== null ? askForRun(config, address, token) : null;
opened?.catch(() => undefined);
const studio = import("./main.tsx");
// Not waited for: the Studio loads it again by its route, and says what failed.
if (address !== null) void import("./runs/RunPage.tsx").catch(() => undefined);
const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
void studio.then(({ start }) =>
  start(root, { config, ...(address === null || opened === null ? {} : { run: { address, opened } }) }),
);

import { requireBrowser } from "./fixtures/browser.ts";
import { canInstallPackages, findCommand, installPackages } from "./fixtures/systemTools.ts";

/** Makes sure of what the tests need from the machine, before any of them starts: a browser, git and the sandbox's tools. */
const sandboxTools = { bwrap: "bubblewrap", socat: "socat", rg: "ripgrep" };

const missing = Object.entries({ git: "git", ...(process.platform === "linux" ? sandboxTools : {}) })
  .filter(([command]) => findCommand(command) === null)
  .map(([, name]) => name);
if (missing.length > 0) {
  if (!canInstallPackages()) {
    console.error(`The tests need ${missing.join(", ")}: sudo apt-get install -y ${missing.join(" ")}`);
    process.exit(1);
  }
  installPackages(missing);
}
console.log(`Browser of the tests: ${requireBrowser()}`);

import { requireBrowser } from "./fixtures/browser.ts";
import { canInstallPackages, findCommand, installPackages } from "./fixtures/systemTools.ts";

/**
 * Makes sure of what the tests need from the machine, before any of them starts: a browser, git, the sandbox's tools and
 * the shells that `coder completion` knows.
 */
const sandboxTools = { bwrap: "bubblewrap", socat: "socat", rg: "ripgrep" };

const shells = { bash: "bash", zsh: "zsh", fish: "fish" };
const missing = Object.entries({
  git: "git",
  ...shells,
  ...(process.platform === "linux" ? sandboxTools : {}),
})
  .filter(([command]) => findCommand(command) === null)
  .map(([, name]) => name);
if (missing.length > 0) {
  if (!canInstallPackages()) {
    const install = process.platform === "darwin" ? "brew install" : "sudo apt-get install -y";
    console.error(`The tests need ${missing.join(", ")}: ${install} ${missing.join(" ")}`);
    process.exit(1);
  }
  installPackages(missing);
}
console.log(`Browser of the tests: ${requireBrowser()}`);

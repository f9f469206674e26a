import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { CoderError } from "../../shared/errors.ts";

/** Path of a program on the PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    if (directory === "") continue;
    try {
      accessSync(join(directory, name), constants.X_OK);
      return join(directory, name);
    } catch {
      continue;
    }
  }
  return undefined;
}

const packages: Record<string, string> = { bwrap: "bubblewrap", socat: "socat", rg: "ripgrep" };

/**
 * Checks that the sandbox's programs are installed.
 * @throws CoderError `unavailable` naming what is missing, with the one line that installs it.
 */
export function probeSandbox(platform: NodeJS.Platform = process.platform): void {
  const needed = platform === "linux" ? ["bwrap", "socat", "rg"] : ["rg"];
  const missing = needed
    .filter((name) => findProgram(name) === undefined)
    .map((name) => packages[name] ?? name);
  if (missing.length === 0) return;
  throw new CoderError(
    "unavailable",
    `The sandbox needs ${missing.join(", ")}. Install with: ${installLine(missing, platform)}  (or set CODER_SANDBOX=none to run commands without any isolation)`,
  );
}

function installLine(missing: string[], platform: NodeJS.Platform): string {
  if (platform === "darwin") return `brew install ${missing.join(" ")}`;
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  if (findProgram("dnf")) return `${sudo}dnf install -y ${missing.join(" ")}`;
  if (findProgram("pacman")) return `${sudo}pacman -S --noconfirm ${missing.join(" ")}`;
  if (findProgram("apk")) return `${sudo}apk add ${missing.join(" ")}`;
  return `${sudo}apt-get install -y ${missing.join(" ")}`;
}

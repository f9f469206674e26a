import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { userInfo } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The programs of the run's sandbox, and the package of each. */
const linuxTools = { bwrap: "bubblewrap", socat: "socat", rg: "ripgrep" };
const macTools = { rg: "ripgrep" };

/** Packages of the sandbox's programs that are not on the PATH. */
export function missingToolPackages(): string[] {
  const tools: Record<string, string> =
    process.platform === "linux" ? linuxTools : process.platform === "darwin" ? macTools : {};
  return Object.entries(tools)
    .filter(([program]) => !isOnPath(program))
    .map(([, name]) => name);
}

function isOnPath(program: string): boolean {
  const directories = (process.env.PATH ?? "").split(delimiter);
  return directories.some((directory) => existsSync(join(directory, program)));
}

export interface ToolsOutcome {
  /** Something was installed: what looked for the tools should look again. */
  installed: boolean;
  /** One line for the user, where something is still missing. */
  advice?: string;
}

/**
 * Installs the missing programs where we are root on a system with apt; anywhere else says the one command that does.
 * Never throws: without them everything but workflow commands works, and those say so themselves.
 */
export async function provideTools(missing: string[]): Promise<ToolsOutcome> {
  if (missing.length === 0 || process.env.CODER_SANDBOX === "none") return { installed: false };
  const command = installCommand(missing);
  const advice = `Workflow runs need ${missing.join(", ")} for their sandbox; install with: ${command}`;
  if (process.platform !== "linux" || userInfo().uid !== 0 || !isOnPath("apt-get"))
    return { installed: false, advice };
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = () =>
    run("apt-get", ["install", "-y", "--no-install-recommends", ...missing], { env, timeout: 300_000 });
  try {
    // The lists of a fresh image are empty: then they are fetched first.
    await install().catch(async () => {
      await run("apt-get", ["update"], { env, timeout: 300_000 });
      await install();
    });
    // What apt calls a success may be a package without the program.
    return missingToolPackages().length === 0 ? { installed: true } : { installed: false, advice };
  } catch (error) {
    const reason =
      error instanceof Error
        ? (error.message.split("\n").findLast((line) => line.startsWith("E:")) ?? "apt-get failed")
        : "apt-get failed";
    return { installed: false, advice: `${advice} (tried: ${reason})` };
  }
}

function installCommand(missing: string[]): string {
  if (process.platform === "darwin") return `brew install ${missing.join(" ")}`;
  const sudo = userInfo().uid === 0 ? "" : "sudo ";
  if (existsSync("/usr/bin/dnf")) return `${sudo}dnf install -y ${missing.join(" ")}`;
  if (existsSync("/usr/bin/pacman")) return `${sudo}pacman -S --noconfirm ${missing.join(" ")}`;
  if (existsSync("/sbin/apk")) return `${sudo}apk add ${missing.join(" ")}`;
  return `${sudo}apt-get update && ${sudo}apt-get install -y ${missing.join(" ")}`;
}

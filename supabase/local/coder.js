#!/usr/bin/env node
// The command `coder`, started by whatever Node is installed (20.19 or newer). The command line itself is TypeScript and
// needs Node 24, which comes as a package: see docs/decisions/005-node-as-a-package.md.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("./coder.ts", import.meta.url));
const [major = 0] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  await import(entry);
} else {
  const node = packagedNode();
  if (node === undefined) {
    console.error(
      `coder needs Node 24, and this is ${process.version} on ${process.platform} ${process.arch}; install Node 24, or run npm ci without --omit=optional.`,
    );
    process.exit(4);
  }
  // The channel ends with us, and with it the command, however we are ended.
  const child = spawn(node, [entry, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`Node 24 could not be started: ${error.message}`);
    process.exit(4);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function packagedNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(
      `node-${process.platform}-${process.arch}/package.json`,
    );
    const path = join(dirname(manifest), "bin/node");
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

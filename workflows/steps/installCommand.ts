/** A command that installs the dependencies that lock files name, and nothing else. */
export interface InstallCommand {
  /** One of these files, at the top of the checkout, says what is installed. */
  lockFiles: readonly string[];
}

const managers: { pattern: RegExp; lockFiles: readonly string[] }[] = [
  {
    pattern: /^npm (?:ci|clean-install|install|i)$/,
    lockFiles: ["package-lock.json", "npm-shrinkwrap.json"],
  },
  { pattern: /^pnpm (?:install|i)$/, lockFiles: ["pnpm-lock.yaml"] },
  { pattern: /^yarn(?: install)?$/, lockFiles: ["yarn.lock"] },
  { pattern: /^bun (?:install|i)$/, lockFiles: ["bun.lock", "bun.lockb"] },
];

/** Flags that change nothing about what is installed from where, but are part of the key all the same. */
const flag = / --?[a-z][a-z-]*(?:=[\w./:@-]+)?(?= |$)/g;
/** Installs somewhere else than into the checkout, or for the machine. */
const elsewhere = /^--?(?:g|global|prefix|dir|cwd|C)(?:=|$)/;

/** Reads a command as a plain install: one call, with flags only. Undefined for anything else. */
export function installCommand(command: string): InstallCommand | undefined {
  const text = command.trim().replaceAll(/[ \t]+/g, " ");
  const flags = (text.match(flag) ?? []).map((one) => one.trim());
  if (flags.some((one) => elsewhere.test(one))) return undefined;
  const bare = text.replaceAll(flag, "");
  const manager = managers.find(({ pattern }) => pattern.test(bare));
  return manager && { lockFiles: manager.lockFiles };
}

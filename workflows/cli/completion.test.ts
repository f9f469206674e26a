import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { makeHome } from "./testing.ts";

/**
 * Completion in the shells themselves: what a person types, with Tab, and the line that the shell then runs. bash and fish
 * are driven through their own interfaces to their line editors, zsh in a terminal of its own (its module zsh/zpty).
 */
// Each Tab starts a process; a deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

const home = makeHome();
const bin = join(home.directory, "bin");
const functions = join(home.directory, "functions");
const ran = join(home.directory, "ran");
let cwd: string;
beforeAll(() => {
  const workflow = "name: W\nsteps: [{ type: command, command: ls }]\n";
  cwd = home.project({
    ".coder/workflows/ci.yaml": workflow,
    ".coder/workflows/release.yaml": workflow,
    "event.json": "{}",
  });
  // The command as it is installed answers completion; a line that is run leaves its words.
  const { command, args } = home.commandLine([]);
  mkdirSync(bin);
  writeFileSync(
    join(bin, "coder"),
    `#!/bin/sh\nif [ "$1" = __complete ] || [ "$1" = completion ]; then exec '${command}' '${args[0]}' "$@"; fi\necho "$*" >> '${ran}'\n`,
  );
  chmodSync(join(bin, "coder"), 0o755);
  mkdirSync(functions);
  writeFileSync(join(functions, "_coder"), shell("zsh", ["-fc", "coder completion zsh"]));
});
afterAll(() => home.close());

function shell(name: string, args: string[], input = ""): string {
  const { env } = home.commandLine([]);
  const PATH = `${bin}:${process.env.PATH}`;
  const options = { cwd, env: { ...env, PATH, TERM: "dumb", PS1: "$ " }, input, encoding: "utf8" } as const;
  return execFileSync(name, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
}

/** Types the lines, each with its tabs, and answers the words of those that were run. */
function typed(run: (lines: string[]) => void, lines: string[]): string[] {
  writeFileSync(ran, "");
  run(lines);
  return readFileSync(ran, "utf8").trimEnd().split("\n");
}

/** Types the arguments from the third on in a zsh that has a terminal, each when the one before has been run. */
const terminal = `
zmodload zsh/zpty
zpty shell zsh -f -i
until-ready() { zpty -r shell seen '*ready> ' }
zpty -w shell "PS1='rea''dy> '; fpath=($1 \\$fpath); autoload -Uz compinit && compinit -u -D; $2"
until-ready
for line in "\${@:3}"; do
  zpty -w shell "$line"
  until-ready
done
zpty -d shell`;

const lines = [
  "coder logo\t",
  "coder run re\t",
  "coder run ci --dr\t",
  "coder init --template=relea\t",
  "coder explain ev\t",
];
const completed = [
  "logout",
  "run release",
  "run ci --dry-run",
  "init --template=release-train",
  "explain event.json",
];

describe("coder completion in", () => {
  test("W263 bash: commands, options, workflows, values of options, files", () => {
    const run = (all: string[]): void => {
      const keys = [...all, "exit"].map((line) => `${line}\n`).join("");
      shell("bash", ["--norc", "-i"], `eval "$(coder completion bash)"\n${keys}`);
    };
    expect(typed(run, lines)).toEqual(completed);
  });

  test("W263 zsh, evaluated or loaded by its name: commands, options, workflows, values of options, files", () => {
    const inZsh = (start: string) => (all: string[]) =>
      void shell("zsh", ["-f", "-c", terminal, "zsh", functions, start, ...all]);
    expect(typed(inZsh('eval "$(coder completion zsh)"'), lines)).toEqual(completed);
    expect(typed(inZsh("true"), lines.slice(0, 2))).toEqual(completed.slice(0, 2));
  });

  test("W263 fish: commands, options, workflows, values of options, files", () => {
    const suggested = lines.map((line) =>
      shell("fish", [
        "--no-config",
        "-c",
        'coder completion fish | source; complete -C "$argv"',
        line.trimEnd(),
      ])
        .trimEnd()
        .split("\n"),
    );
    const last = completed.map((line) => line.split(" ").at(-1));
    expect(suggested.map((names) => names.map((name) => name.split("\t")[0]))).toEqual(
      last.map((name) => [name]),
    );
  });
});

import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { gitIn, makeHome } from "../testing.ts";
import { readLocalSecrets, secretsFile } from "./readLocalSecrets.ts";
import { takeSnapshot } from "./snapshot.ts";

const home = makeHome();
afterAll(() => home.close());

/** A project whose `.coder/secrets.env` holds the text. */
function project(text: string, { git = true, ignored = true, mode = 0o600 } = {}): string {
  const root = home.project(
    { "a.txt": "a", ...(ignored ? { ".gitignore": "/.coder/secrets.env\n" } : {}) },
    { git },
  );
  writeSecrets(root, text, mode);
  return root;
}
function writeSecrets(root: string, text: string, mode = 0o600): void {
  home.write(root, { [secretsFile]: text });
  chmodSync(join(root, secretsFile), mode);
}

const read = (root: string, allowed: string[], more: { env?: NodeJS.ProcessEnv; plain?: string[] } = {}) =>
  readLocalSecrets({ root, allowed, env: {}, plain: [], ...more });

describe("secrets of a local run", () => {
  test("W260 come from the environment, else from the file; only what the policy allows", async () => {
    const root = project(
      '# of the shop\nTOKEN=from the file\nexport OTHER="two # words"\nUNASKED=never read\nKEY="-----BEGIN\nkey\n-----END\n"\n',
    );
    const env = { CODER_SECRET_TOKEN: "from the environment", CODER_SECRET_MORE: "more of it", PATH: "/bin" };
    const secrets = await read(root, ["TOKEN", "OTHER", "KEY", "NOWHERE"], { env, plain: ["KEY"] });
    expect(secrets).toEqual([
      { name: "TOKEN", value: "from the environment", givenAs: "placeholder" },
      { name: "OTHER", value: "two # words", givenAs: "placeholder" },
      { name: "KEY", value: "-----BEGIN\nkey\n-----END\n", givenAs: "value" },
    ]);
    // Nothing that is started later finds them there.
    expect(env).toEqual({ PATH: "/bin" });
    expect(await read(home.project({ "a.txt": "a" }), ["TOKEN"])).toEqual([]);
  });

  test("W260 what cannot be kept is named with its remedy, and never with its value", async () => {
    const refused = async (text: string, allowed: string[], more = {}): Promise<string> => {
      const error = await read(project(text), allowed, more).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: "bad_input" });
      return (error as Error).message;
    };
    expect(await refused("TOKEN=abc\n", ["TOKEN"])).toBe(
      "TOKEN in .coder/secrets.env: a value needs at least 4 characters",
    );
    expect(await refused("", ["TOKEN"], { env: { CODER_SECRET_TOKEN: "" } })).toMatch(
      /^CODER_SECRET_TOKEN: a value needs/,
    );
    expect(await refused('KEY="two\nlines-of-it"\n', ["KEY"])).toMatch(
      /several lines.* \(--plain-secret KEY\)$/,
    );
    expect(await refused("NODE_OPTIONS=--require=evil.js\n", ["TOKEN"])).toBe(
      ".coder/secrets.env: NODE_OPTIONS is reserved; choose another name",
    );
    expect(await refused("", ["TOKEN"], { plain: ["TOKN"] })).toMatch(/does not list TOKN/);
  });

  test("W261 a file that others may read, a link, or one that git tracks or does not ignore is refused with the command that helps", async () => {
    const text = "TOKEN=not for others\n";
    const refusal = (root: string) =>
      read(root, []).then(String, (error: unknown) => (error as Error).message);
    expect(await refusal(project(text, { mode: 0o640 }))).toBe(
      ".coder/secrets.env can be read by others (mode 640); run: chmod 600 .coder/secrets.env",
    );
    expect(await refusal(project(text, { ignored: false }))).toMatch(
      /not ignored by git, .*run: echo \/\.coder\/secrets\.env >> \.gitignore$/,
    );
    const tracked = project(text);
    gitIn(tracked, "add", "-f", secretsFile);
    expect(await refusal(tracked)).toMatch(/tracked by git, .*git rm --cached/);
    const linked = home.project({ ".coder/x": "", elsewhere: text });
    symlinkSync(join(linked, "elsewhere"), join(linked, secretsFile));
    expect(await refusal(linked)).toMatch(/is a link/);
    expect(await refusal(project(text, { git: false, ignored: false }))).toBe("");
  });

  test("W261 the file is never among the files of the run", async () => {
    const inSnapshot = async (root: string): Promise<string> => {
      const bare = join(home.directory, `${Math.random()}.git`);
      const { commit } = await takeSnapshot(root, bare);
      return gitIn(bare, "ls-tree", "-r", "--name-only", commit);
    };
    expect(await inSnapshot(project("TOKEN=abcd\n"))).toBe(".gitignore\na.txt");
    expect(await inSnapshot(project("TOKEN=abcd\n", { git: false, ignored: false }))).toBe("a.txt");
    // A directory below the top of a repository: the ignore rules above it are not read.
    const top = project("", { git: true });
    const below = join(top, "packages/shop");
    home.write(below, { "b.txt": "b" });
    writeSecrets(below, "TOKEN=abcd\n");
    writeFileSync(join(top, ".gitignore"), "**/.coder/secrets.env\n");
    expect(await inSnapshot(below)).toBe("b.txt");
  });
});

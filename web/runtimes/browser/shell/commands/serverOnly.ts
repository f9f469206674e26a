import type { Tool } from "../tool.ts";

/** Checkers that a script may run before what it is really about: left out there, refused on their own. */
const checkers = ["tsc", "vue-tsc", "svelte-check", "eslint", "oxlint", "biome", "prettier", "stylelint"];

/** Programs that need an operating system. */
const systemPrograms = [
  "jest",
  "playwright",
  "cypress",
  "storybook",
  "next",
  "nuxt",
  "astro",
  "remix",
  "webpack",
  "rollup",
  "esbuild",
  "tsx",
  "ts-node",
  "nodemon",
  "docker",
  "python",
  "python3",
  "pip",
  "pnpm",
  "yarn",
  "bun",
  "deno",
  "make",
  "ssh",
];

function checker(name: string): Tool {
  return {
    name,
    async run(_args, { out, isFollowed, env }) {
      // "tsc -b && vite build" is how templates build; on its own, a check that did not happen is not a success.
      if (isFollowed && env.npm_lifecycle_event !== undefined) {
        out.stderr(
          `\u001b[33m${name} is left out: the browser runtime has no checker. Workflows run it on the server.\u001b[0m\n`,
        );
        return 0;
      }
      out.stderr(`${name} does not run in the browser. A workflow runs it on the server.\n`);
      return 1;
    },
  };
}

function systemProgram(name: string): Tool {
  return {
    name,
    async run(_args, { out }) {
      out.stderr(
        `${name} does not run in the browser: it needs an operating system. Use a workflow or the server workspace.\n`,
      );
      return 127;
    },
  };
}

const git: Tool = {
  name: "git",
  async run(_args, { out }) {
    out.stderr(
      "git: the project's repository is on the server. Commit and look at the history in the Studio, or clone it with the address shown there.\n",
    );
    return 1;
  },
};

/** Commands that only say why they are not here, and where they are. */
export const serverOnlyTools: Tool[] = [git, ...checkers.map(checker), ...systemPrograms.map(systemProgram)];

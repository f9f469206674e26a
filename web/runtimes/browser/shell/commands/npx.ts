import { quoteArguments } from "../splitList.ts";
import type { Tool } from "../tool.ts";
import { findBins } from "./bins.ts";
import { runNodeFile } from "./node.ts";
import { serverOnlyTools } from "./serverOnly.ts";

const own = new Set(["npm", "vite", "vitest", "node", ...serverOnlyTools.map(({ name }) => name)]);

/** `npx command`: commands of installed packages and of the runtime. Nothing is downloaded to be run once. */
export const npxTool: Tool = {
  name: "npx",
  async run(args, context) {
    const words =
      args[0]?.startsWith("-") === true ? args.slice(args.findIndex((word) => !word.startsWith("-"))) : args;
    const [command, ...rest] = words;
    if (command === undefined || command.startsWith("-")) {
      context.out.stderr("npx: name a command, e.g. npx vite build\n");
      return 1;
    }
    const name = command.replace(/(?<=.)@[^@/]*$/, "");
    const file = findBins(context.parts.fs).get(name);
    if (file !== undefined) return runNodeFile(file, rest, context);
    if (own.has(name)) return context.run(quoteArguments([name, ...rest]));
    context.out.stderr(
      `npx: no installed package has a command "${name}". Add it first: npm install ${name}\n`,
    );
    return 127;
  },
};

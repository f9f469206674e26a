import type { Bash, CustomCommand } from "just-bash/browser";
import { defineCommand } from "just-bash/browser";

type TransformPlugin = Parameters<Bash["registerTransformPlugin"]>[0];
type Statement = Parameters<TransformPlugin["transform"]>[0]["ast"]["statements"][number];

const pauseName = "__coder_pause";
const loops = new Set<unknown>(["For", "CStyleFor", "While", "Until"]);
const longestRunMs = 30;

function pauseStatement(): Statement {
  return {
    type: "Statement",
    operators: [],
    background: false,
    pipelines: [
      {
        type: "Pipeline",
        negated: false,
        commands: [
          {
            type: "SimpleCommand",
            assignments: [],
            name: { type: "Word", parts: [{ type: "Literal", value: pauseName }] },
            args: [],
            redirections: [],
          },
        ],
      },
    ],
  };
}

function addPauses(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  for (const child of Object.values(node)) addPauses(child);
  if ("type" in node && loops.has(node.type) && "body" in node && Array.isArray(node.body))
    node.body.unshift(pauseStatement());
}

/**
 * Lets the event loop turn inside of shell loops. The interpreter only awaits promises that are settled already, so
 * without this a `while true` would keep the Ctrl-C that should stop it from ever arriving.
 */
export const loopPausePlugin: TransformPlugin = {
  name: "loop-pause",
  transform({ ast }) {
    addPauses(ast);
    return { ast };
  },
};

/** The command that the plugin puts at the start of every loop's body. */
export function createPauseCommand(): CustomCommand {
  let lastTurn = performance.now();
  return defineCommand(pauseName, async () => {
    if (performance.now() - lastTurn > longestRunMs) {
      await new Promise((resolve) => setTimeout(resolve));
      lastTurn = performance.now();
    }
    return { stdout: "", stderr: "", exitCode: 0 };
  });
}

import type { ProjectFs } from "../../kernelParts.ts";
import type { Tool } from "../tool.ts";
import { findBins } from "./bins.ts";
import { nodeTool, runNodeFile } from "./node.ts";
import { npmTool } from "./npm.ts";
import { npxTool } from "./npx.ts";
import { serverOnlyTools } from "./serverOnly.ts";
import { viteTool } from "./vite.ts";
import { vitestTool } from "./vitest.ts";

const ownTools: Tool[] = [npmTool, npxTool, nodeTool, viteTool, vitestTool];

/** Every command that is not just-bash's: ours, those of installed packages, and those that explain their absence. */
export function createTools(fs: ProjectFs): Tool[] {
  const tools = new Map(serverOnlyTools.map((tool) => [tool.name, tool]));
  for (const [name, file] of findBins(fs)) {
    tools.set(name, { name, run: (args, context) => runNodeFile(file, args, context) });
  }
  for (const tool of ownTools) tools.set(tool.name, tool);
  return [...tools.values()];
}

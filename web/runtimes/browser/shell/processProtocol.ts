/**
 * Messages between the kernel and a process worker of the run origin. The worker runs user code, so the kernel parses
 * everything that comes from it.
 */
import { z } from "zod";

/** A user file as the process sees it. Packages are in the bundle; `node_modules` is not sent. */
export type ProcessFile = { path: string; bytes: Uint8Array };

export interface ProcessStart {
  type: "start";
  /** "script" ends when nothing is left to wait for; "test" runs the tests that the entries register. */
  mode: "script" | "test";
  entries: { path: string; code: string }[];
  /** Arguments after the script's name. */
  argv: string[];
  env: Record<string, string>;
  cwd: string;
  files: ProcessFile[];
  columns: number;
  /** In test mode: only tests whose full name contains it. */
  testNamePattern?: string | undefined;
}

export type ToProcess = ProcessStart | { type: "stdin"; text: string } | { type: "stdin-end" };

const changeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("write"), path: z.string(), bytes: z.instanceof(Uint8Array) }),
  z.object({ kind: z.literal("directory"), path: z.string() }),
  z.object({ kind: z.literal("delete"), path: z.string() }),
]);

export const fromProcessSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("stdout"), text: z.string() }),
  z.object({ type: z.literal("stderr"), text: z.string() }),
  /** What the process changed below the project since the last message. */
  z.object({ type: z.literal("changes"), changes: z.array(changeSchema) }),
  z.object({ type: z.literal("exit"), code: z.number().int() }),
]);

export type FromProcess = z.infer<typeof fromProcessSchema>;
export type ProcessChange = z.infer<typeof changeSchema>;

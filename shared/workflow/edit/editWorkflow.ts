import { isMap, isScalar, isSeq } from "yaml";
import { CoderError } from "../../errors.ts";
import { policiesSchema, workflowFileSchema } from "../schema.ts";
import { readWorkflowSource } from "../workflowSource.ts";
import { blockEntries } from "./blockEntries.ts";
import { columnOf, insertBlock, removeBlock, reorder } from "./blockList.ts";
import type { Json, JsonObject } from "./json.ts";
import { sameJson } from "./json.ts";
import { planEdit } from "./planEdit.ts";
import type { TextMove } from "./planEdit.ts";
import { applyChanges, changesBetween } from "./textChanges.ts";
import type { TextChange } from "./textChanges.ts";
import { renderKey } from "./renderYaml.ts";
import { openYaml, renderListItem, updateYaml, writtenOnOneLine } from "./updateYaml.ts";
import type { YamlText } from "./updateYaml.ts";

/** What the builder can do to a file. Steps are named by their position from 0: not every step has an id. */
export type WorkflowEdit =
  /** Sets a value, making what is missing on the way; a list's length as the last name appends. */
  | { kind: "set"; path: readonly (string | number)[]; value: Json }
  /** Takes a key or a list's item out; a mapping that is empty then goes too. */
  | { kind: "remove"; path: readonly (string | number)[] }
  | { kind: "addStep"; at: number; step: JsonObject }
  | { kind: "removeStep"; index: number }
  | { kind: "moveStep"; index: number; to: number }
  | { kind: "duplicateStep"; index: number }
  /** Gives a key of a mapping another name; of an input, with every expression that reads it. */
  | { kind: "renameKey"; path: readonly string[]; to: string }
  /** Gives a step another id, and with it every need and expression that names it. */
  | { kind: "renameStep"; index: number; id: string }
  /** What a step waits for. In a file without needs the order of the others is written down first. */
  | { kind: "setNeeds"; index: number; needs: readonly string[] };

export interface EditedWorkflow {
  text: string;
  /** From the old text to the new one, for an editor that keeps its cursor and its undo history. */
  changes: TextChange[];
}

/**
 * Edits a workflow file as a person would: what the edit does not concern keeps its bytes, comments, order and quotes.
 * The result is read back, and given only if it means exactly what was asked for.
 * @throws CoderError `bad_input` when the file is not well-formed, `conflict` when it is written in a way that this
 * edit cannot be made in (a block shared by an alias): then it is edited by hand.
 */
export function editWorkflow(text: string, edit: WorkflowEdit): EditedWorkflow {
  const before = valueOf(text);
  const plan = planEdit(before, edit);
  const moved = plan.move === undefined ? text : applyChanges(text, moveChanges(text, plan.move));
  const present = plan.move === undefined ? before : valueOf(moved);
  for (const oneLine of [false, true]) {
    const changes = updateYaml(openYaml(moved), present, { after: plan.after, order: keyOrder, oneLine });
    const after = applyChanges(moved, changes);
    if (sameJson(readBack(after), plan.after)) return { text: after, changes: changesBetween(text, after) };
  }
  throw new CoderError(
    "conflict",
    "This part of the file is written in a way that the builder cannot change without touching more; edit the YAML instead.",
  );
}

function valueOf(text: string): JsonObject {
  const read = readWorkflowSource(text);
  if (!read.ok) {
    const [problem] = read.problems;
    throw new CoderError(
      "bad_input",
      `The YAML cannot be read: line ${problem?.line ?? 1}: ${problem?.message ?? "it is not well-formed"}. Correct it first.`,
    );
  }
  return read.source.value as JsonObject;
}

function readBack(text: string): Json {
  const read = readWorkflowSource(text);
  return read.ok ? (read.source.value as Json) : null;
}

/** The change of a name where it stands, or of whole steps, which takes their comments along. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
function moveChanges(text: string, move: TextMove): TextChange[] {
  const yaml = openYaml(text);
  if (move.kind === "renameKey") return renamedKey(yaml, move);
  const pair = isMap(yaml.root) ? yaml.root.items.find((one) => String(one.key) === "steps") : undefined;
  const list = pair?.value;
  // A flow list, or none: the generic update writes it.
  if (!isSeq(list) || list.flow === true || list.items.length === 0) return [];
  const entries = blockEntries(text, list, text.indexOf(":", pairEnd(pair?.key)) + 1);
  const first = entries[0];
  if (first === undefined) return [];
  switch (move.kind) {
    case "insert": {
      const indent = columnOf(text, first);
      const block = renderListItem(move.step, { indent, oneLine: writtenOnOneLine(list) });
      return [insertBlock(text, entries, { at: move.at, block: withLineEnds(text, block) })];
    }
    case "copy": {
      const entry = entries[move.index];
      if (entry === undefined) return [];
      const block = text.slice(entry.blockStart, entry.blockEnd);
      return [insertBlock(text, entries, { at: move.index + 1, block })];
    }
    case "remove":
      return entries.length === 1 ? [] : removeBlock(text, entries, move.index);
    case "reorder":
      return reorder(text, entries, move.order);
  }
}

/** A key's own characters; behind an alias there are none, and the generic update writes the mapping. */
function renamedKey(
  { root, json }: YamlText,
  { path, to }: { path: readonly string[]; to: string },
): TextChange[] {
  let node: unknown = root;
  let key: unknown;
  for (const name of path) {
    const pair = isMap(node)
      ? node.items.find((one) => isScalar(one.key) && String(one.key.value) === name)
      : undefined;
    if (pair === undefined) return [];
    [node, key] = [pair.value, pair.key];
  }
  if (!isScalar(key) || !Array.isArray(key.range)) return [];
  return [{ from: key.range[0], to: key.range[1], insert: json ? JSON.stringify(to) : renderKey(to) }];
}

function pairEnd(key: unknown): number {
  return typeof key === "object" && key !== null && "range" in key && Array.isArray(key.range)
    ? Number(key.range[1])
    : 0;
}

function withLineEnds(text: string, block: string): string {
  return text.includes("\r\n") ? block.replace(/\n/g, "\r\n") : block;
}

const stepOrder = [
  "step_id", "type", "name", "role", "goal", "target", "title", "bump", "needs", "if", "command", "reason", "message",
  "channels", "body", "draft", "reviewers", "merge", "agent", "tier", "model", "inputs", "skills", "env", "reports",
  "timeout_sec", "on_interrupt", "on_failure",
]; // prettier-ignore

const triggerOrder = [
  "type", "name", "secret_ref", "cron", "timezone", "catch_up", "event", "branches", "paths", "labels", "actors",
  "workflow", "on", "if",
]; // prettier-ignore

/** Keys in the order of the language's reference. */
function keyOrder(path: readonly (string | number)[]): readonly string[] {
  if (path.length === 0) return Object.keys(workflowFileSchema.shape);
  if (path[0] === "steps" && path.length === 2) return stepOrder;
  if (path[0] === "policies" && path.length === 1) return Object.keys(policiesSchema.shape);
  if (path[0] === "triggers" && path.length === 2) return triggerOrder;
  if (path[0] === "inputs" && path.length === 2)
    return ["type", "description", "options", "default", "required"];
  return path.at(-1) === "on_failure" ? ["type"] : [];
}

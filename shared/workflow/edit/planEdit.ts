import { CoderError } from "../../errors.ts";
import type { WorkflowEdit } from "./editWorkflow.ts";
import type { Json, JsonObject } from "./json.ts";
import { isObject, sameJson } from "./json.ts";
import { renameInFile, stepsReadBy } from "./stepReferences.ts";

/** A change that is made in the text as it stands: of whole steps, which take their comments along, or of a name. */
export type TextMove =
  | { kind: "renameKey"; path: readonly string[]; to: string }
  | { kind: "insert"; at: number; step: JsonObject }
  | { kind: "copy"; index: number }
  | { kind: "remove"; index: number }
  /** Present positions in their new order. */
  | { kind: "reorder"; order: number[] };

/** What an edit means: the file's value after it, and what is moved in the text first. */
export interface EditPlan {
  after: JsonObject;
  move?: TextMove;
}

/** A step, where it was, and what it is called. */
interface Entry {
  step: JsonObject;
  /** Undefined for a new one. */
  was: number | undefined;
}

/** Works out what the file shall mean. Pure; knows nothing of text. */
// oxlint-disable-next-line typescript/consistent-return -- the switch is exhaustive, which the compiler checks.
export function planEdit(file: JsonObject, edit: WorkflowEdit): EditPlan {
  switch (edit.kind) {
    case "set":
      return { after: setIn(file, edit.path, edit.value) as JsonObject };
    case "remove":
      return { after: removeIn(file, edit.path) as JsonObject };
    case "addStep":
      return addStep(file, edit);
    case "removeStep":
      return removeStep(file, edit.index);
    case "moveStep":
      return moveStep(file, edit);
    case "duplicateStep":
      return duplicateStep(file, edit.index);
    case "renameStep":
      return renameStep(file, edit);
    case "renameKey":
      return renameKey(file, edit);
    case "setNeeds":
      return { after: withSteps(file, setNeeds(stepsOf(file), edit)) };
  }
}

/** The steps of a file; what is not a mapping counts as a step without keys. */
export function stepsOf(file: JsonObject): JsonObject[] {
  const steps = file["steps"];
  return Array.isArray(steps) ? steps.map((step) => (isObject(step) ? step : {})) : [];
}

export function stepIdAt(steps: readonly JsonObject[], index: number): string {
  const id = steps[index]?.["step_id"];
  return typeof id === "string" ? id : `s${index + 1}`;
}

/** A name that no step has: `test`, `test_2`, `test_3` … */
export function freeStepId(steps: readonly JsonObject[], wanted: string): string {
  const taken = new Set(steps.map((_, index) => stepIdAt(steps, index)));
  const stem = wanted.replace(/_\d+$/, "").slice(0, 58);
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? stem : `${stem}_${number}`;
    if (!taken.has(id)) return id;
  }
}

/** With no `needs` anywhere, steps run in order. */
export function isSequence(steps: readonly JsonObject[]): boolean {
  return steps.every((step) => !Object.hasOwn(step, "needs"));
}

export function needsOf(step: JsonObject): string[] {
  const needs = step["needs"];
  if (typeof needs === "string") return [needs];
  return Array.isArray(needs) ? needs.filter((need) => typeof need === "string") : [];
}

function withSteps(file: JsonObject, steps: JsonObject[]): JsonObject {
  return { ...file, steps };
}

function stepAt(file: JsonObject, index: number): JsonObject {
  const step = stepsOf(file)[index];
  if (step === undefined) throw new CoderError("not_found", `There is no step ${index + 1}`);
  return step;
}

function addStep(file: JsonObject, { at, step }: { at: number; step: JsonObject }): EditPlan {
  const steps = stepsOf(file);
  const position = Math.max(0, Math.min(at, steps.length));
  const { needs, ...rest } = step;
  const before = position === 0 ? [] : [stepIdAt(steps, position - 1)];
  // In a sequence the place says it all; needs that say the same would make a graph of it.
  const implied = needs === undefined || (isSequence(steps) && sameJson(needsOf(step), before));
  const entries: Entry[] = steps.map((one, was) => ({ step: one, was }));
  entries.splice(position, 0, { step: rest, was: undefined });
  const named = keepNames(file, entries);
  const after = implied ? named : setNeeds(named, { index: position, needs: needsOf(step) });
  return {
    after: withSteps(file, after),
    move: { kind: "insert", at: position, step: after[position] ?? rest },
  };
}

function removeStep(file: JsonObject, index: number): EditPlan {
  const gone = stepAt(file, index);
  const steps = stepsOf(file);
  if (steps.length === 1)
    throw new CoderError("bad_input", "A workflow has at least one step; add another one first");
  const id = stepIdAt(steps, index);
  const entries = steps.flatMap((step, was): Entry[] => {
    if (was === index) return [];
    if (!needsOf(step).includes(id)) return [{ step, was }];
    // What waited for it waits for what it waited for.
    const needs = needsOf(step).flatMap((need) => (need === id ? needsOf(gone) : [need]));
    return [{ step: { ...step, needs: [...new Set(needs)] }, was }];
  });
  const after = keepNames(file, entries);
  if (!isSequence(steps) && isSequence(after)) after[0] = { ...after[0], needs: [] };
  return { after: withSteps(file, after), move: { kind: "remove", index } };
}

function moveStep(file: JsonObject, { index, to }: { index: number; to: number }): EditPlan {
  stepAt(file, index);
  const entries: Entry[] = stepsOf(file).map((step, was) => ({ step, was }));
  const [moved] = entries.splice(index, 1);
  if (moved !== undefined) entries.splice(Math.max(0, Math.min(to, entries.length)), 0, moved);
  const order = entries.map((entry) => entry.was ?? 0);
  return { after: withSteps(file, keepNames(file, entries)), move: { kind: "reorder", order } };
}

function duplicateStep(file: JsonObject, index: number): EditPlan {
  const step = stepAt(file, index);
  const steps = stepsOf(file);
  const id = step["step_id"];
  const copy = typeof id === "string" ? { ...step, step_id: freeStepId(steps, id) } : step;
  const entries: Entry[] = steps.map((one, was) => ({ step: one, was }));
  entries.splice(index + 1, 0, { step: copy, was: undefined });
  return { after: withSteps(file, keepNames(file, entries)), move: { kind: "copy", index } };
}

function renameStep(file: JsonObject, { index, id }: { index: number; id: string }): EditPlan {
  stepAt(file, index);
  const steps = stepsOf(file);
  const old = stepIdAt(steps, index);
  if (id !== old && steps.some((_, other) => stepIdAt(steps, other) === id))
    throw new CoderError("conflict", `Another step is called "${id}" already`);
  const named = steps.map((step, at) => (at === index ? { ...step, step_id: id } : step));
  return { after: renameInFile(withSteps(file, named), { of: "steps", from: old, to: id }) };
}

function renameKey(file: JsonObject, { path, to }: { path: readonly string[]; to: string }): EditPlan {
  const from = path.at(-1) ?? "";
  const holder = path.slice(0, -1).reduce<Json | undefined>((at, name) => {
    return isObject(at) ? at[name] : undefined;
  }, file);
  if (!isObject(holder) || !Object.hasOwn(holder, from))
    throw new CoderError("not_found", `There is no "${path.join(".")}"`);
  if (from === to) return { after: file };
  if (Object.hasOwn(holder, to)) throw new CoderError("conflict", `"${to}" is there already`);
  const named = Object.fromEntries(
    Object.entries(holder).map(([name, value]) => [name === from ? to : name, value]),
  );
  const after = setIn(file, path.slice(0, -1), named) as JsonObject;
  return {
    after:
      path[0] === "inputs" && path.length === 2 ? renameInFile(after, { of: "inputs", from, to }) : after,
    move: { kind: "renameKey", path, to },
  };
}

function setNeeds(
  steps: JsonObject[],
  { index, needs }: { index: number; needs: readonly string[] },
): JsonObject[] {
  const wanted = [...new Set(needs)];
  const present = (at: number): string[] =>
    isSequence(steps) ? (at === 0 ? [] : [stepIdAt(steps, at - 1)]) : needsOf(steps[at] ?? {});
  if (sameJson(wanted, present(index))) return steps;
  const written = steps.map((step, at): JsonObject => {
    const value = at === index ? wanted : present(at);
    if (sameJson(value, needsOf(step)) && (value.length > 0 || at !== index)) return step;
    if (value.length > 0) return { ...step, needs: value };
    const { needs: _, ...rest } = step;
    return rest;
  });
  // Without any `needs` the file would be a sequence again.
  if (isSequence(written)) written[index] = { ...written[index], needs: [] };
  return written;
}

/**
 * A step without an id is called by its position. When positions change and a name that is used would come to mean
 * another step, or two steps would have one name, the names as they were are written down.
 */
function keepNames(file: JsonObject, entries: readonly Entry[]): JsonObject[] {
  const old = stepsOf(file);
  const steps = entries.map((entry) => entry.step);
  const nameOf = (entry: Entry, at: number): string =>
    entry.was === undefined ? stepIdAt(steps, at) : stepIdAt(old, entry.was);
  const used = stepsReadBy(file);
  const ids = steps.map((_, at) => stepIdAt(steps, at));
  const hasMoved = entries.some((entry, at) => {
    const [before, now] = [nameOf(entry, at), ids[at] ?? ""];
    return before !== now && (used.has(before) || used.has(now));
  });
  if (!hasMoved && new Set(ids).size === ids.length) return steps;
  const named = entries.map((entry, at) =>
    entry.was === undefined || entry.was === at || typeof entry.step["step_id"] === "string"
      ? entry.step
      : { step_id: nameOf(entry, at), ...entry.step },
  );
  return named.map((step, at) => {
    const isNew = entries[at]?.was === undefined && typeof step["step_id"] !== "string";
    return isNew
      ? {
          step_id: freeStepId(
            named.filter((_, other) => other !== at),
            newName(step),
          ),
          ...step,
        }
      : step;
  });
}

function newName(step: JsonObject): string {
  const type = step["type"];
  return typeof type === "string" ? type : "step";
}

function setIn(value: Json | undefined, path: readonly (string | number)[], next: Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return next;
  if (typeof name === "number") {
    const list = Array.isArray(value) ? [...value] : [];
    list[Math.min(name, list.length)] = setIn(list[name], rest, next);
    return list;
  }
  const holder = isObject(value) ? value : {};
  return { ...holder, [name]: setIn(holder[name], rest, next) };
}

function removeIn(value: Json, path: readonly (string | number)[]): Json {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  if (Array.isArray(value)) {
    const item = value[Number(name)];
    if (item === undefined) return value;
    return rest.length === 0
      ? value.filter((_, index) => index !== Number(name))
      : value.map((one, index) => (index === Number(name) ? removeIn(one, rest) : one));
  }
  if (!isObject(value) || !Object.hasOwn(value, name)) return value;
  const { [String(name)]: inner = null, ...others } = value;
  if (rest.length === 0) return others;
  const left = removeIn(inner, rest);
  const isEmpty =
    (isObject(left) && Object.keys(left).length === 0) || (Array.isArray(left) && left.length === 0);
  return isEmpty && !sameJson(left, inner) ? others : { ...value, [name]: left };
}

import type { StepStatus } from "./events.ts";

/** What two runs differ in. Pure: the run page compares what it has loaded. */

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface RunFacts {
  commit: string;
  ref: string;
  /** Text of the workflow as it was run. */
  yaml: string;
  inputs: { [name: string]: Json };
  outputs: { [name: string]: Json };
  steps: {
    id: string;
    name: string;
    status: StepStatus;
    /** Milliseconds, or null for a step that did not run. */
    ms: number | null;
    /** What it has cost. */
    millicredits: number;
    outputs: { [name: string]: Json };
  }[];
  tests: { passed: number; failed: number; skipped: number; failures: string[] }[];
}

export interface ValueChange {
  name: string;
  /** Undefined where there was none. */
  from: Json | undefined;
  to: Json | undefined;
}

export interface StepChange {
  id: string;
  name: string;
  from: { status: StepStatus; ms: number | null } | null;
  to: { status: StepStatus; ms: number | null } | null;
  /** How much longer it took, in milliseconds; null where one of them did not run. */
  slowerMs: number | null;
  /** How much more it has cost; null where it is in one of them only. */
  dearerMillicredits: number | null;
}

export interface TestChange {
  /** Null for a run without a report. */
  passed: [from: number | null, to: number | null];
  failed: [from: number | null, to: number | null];
  /** Empty unless both have a report, as are the next two. */
  newlyFailing: string[];
  noLongerFailing: string[];
  stillFailing: string[];
}

export interface RunDiff {
  workflow: boolean;
  commit: boolean;
  ref: boolean;
  inputs: ValueChange[];
  outputs: ValueChange[];
  /** Of every step of either run, in the order of the second. */
  steps: StepChange[];
  /** Null when neither run has a report. */
  tests: TestChange | null;
}

/** What the second run has other than the first. */
export function diffRuns(from: RunFacts, to: RunFacts): RunDiff {
  return {
    workflow: from.yaml !== to.yaml,
    commit: from.commit !== to.commit,
    ref: from.ref !== to.ref,
    inputs: diffValues(from.inputs, to.inputs),
    outputs: diffValues(allOutputs(from), allOutputs(to)),
    steps: diffSteps(from, to),
    tests: diffTests(from, to),
  };
}

function allOutputs(run: RunFacts): { [name: string]: Json } {
  const ofSteps = run.steps.flatMap((step) =>
    Object.entries(step.outputs).map(([name, value]): [string, Json] => [`steps.${step.id}.${name}`, value]),
  );
  return Object.fromEntries([...ofSteps, ...Object.entries(run.outputs)]);
}

function diffValues(from: { [name: string]: Json }, to: { [name: string]: Json }): ValueChange[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort((a, b) => a.localeCompare(b));
  return names.flatMap((name) => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined;
    const after = Object.hasOwn(to, name) ? to[name] : undefined;
    return canonical(before) === canonical(after) ? [] : [{ name, from: before, to: after }];
  });
}

/** The same text for the same value, whatever the order of its keys. */
function canonical(value: Json | undefined): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join()}}`;
}

function diffSteps(from: RunFacts, to: RunFacts): StepChange[] {
  const before = new Map(from.steps.map((step) => [step.id, step]));
  const after = new Map(to.steps.map((step) => [step.id, step]));
  return [...new Set([...after.keys(), ...before.keys()])].map((id) => {
    const [old, now] = [before.get(id), after.get(id)];
    return {
      id,
      name: now?.name ?? old?.name ?? id,
      from: old === undefined ? null : { status: old.status, ms: old.ms },
      to: now === undefined ? null : { status: now.status, ms: now.ms },
      slowerMs:
        old?.ms === null || old?.ms === undefined || now?.ms === null || now?.ms === undefined
          ? null
          : now.ms - old.ms,
      dearerMillicredits: old === undefined || now === undefined ? null : now.millicredits - old.millicredits,
    };
  });
}

function diffTests(from: RunFacts, to: RunFacts): TestChange | null {
  if (from.tests.length === 0 && to.tests.length === 0) return null;
  const sum = (run: RunFacts, of: "passed" | "failed") =>
    run.tests.length === 0 ? null : run.tests.reduce((total, report) => total + report[of], 0);
  const both = from.tests.length > 0 && to.tests.length > 0;
  const before = new Set(from.tests.flatMap((report) => report.failures));
  const after = new Set(to.tests.flatMap((report) => report.failures));
  return {
    passed: [sum(from, "passed"), sum(to, "passed")],
    failed: [sum(from, "failed"), sum(to, "failed")],
    newlyFailing: both ? [...after].filter((name) => !before.has(name)) : [],
    noLongerFailing: both ? [...before].filter((name) => !after.has(name)) : [],
    stillFailing: [...after].filter((name) => before.has(name)),
  };
}

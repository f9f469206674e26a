import { z } from "zod";
import type { Value } from "../workflow/expressions.ts";
import { CoderError } from "../errors.ts";
import { lintWorkflow, parseWorkflow } from "../workflow/parseWorkflow.ts";
import type { Problem } from "../workflow/problem.ts";
import { problemText } from "../workflow/problemText.ts";
import { resolveConcurrency, type Concurrency } from "../workflow/resolveConcurrency.ts";
import type { Workflow } from "../workflow/schema.ts";
import { matchTriggers, type Asked, type Rejection } from "./matchTriggers.ts";
import type { TriggerEvent } from "./triggerEvent.ts";

/** A workflow file, read. */
export type ReadWorkflow =
  | { path: string; ok: true; workflow: Workflow; source: string }
  | { path: string; ok: false; problems: string[] };

export type Verdict =
  | {
      kind: "fires";
      path: string;
      name: string;
      /** Position of the first trigger that fires. */
      trigger: number;
      inputs: Record<string, Value>;
      concurrency: Concurrency | undefined;
      workflow: Workflow;
      source: string;
    }
  | { kind: "rejected"; path: string; name: string; clauses: Rejection[] }
  /** The file has errors; it does not run until they are mended. */
  | { kind: "invalid"; path: string; problems: string[] };

/** How many workflows may follow one another before a chain is taken for a loop. */
export const maxDepth = 8;

/** Parses a file once, to be asked about many events. */
export function readWorkflow(path: string, source: Uint8Array): ReadWorkflow {
  const parsed = parseWorkflow(source, { path });
  if (parsed.ok)
    return { path, ok: true, workflow: parsed.workflow, source: new TextDecoder().decode(source) };
  return { path, ok: false, problems: errorTexts(path, parsed.problems) };
}

function errorTexts(path: string, problems: readonly Problem[]): string[] {
  return problems.filter(({ severity }) => severity === "error").map((problem) => problemText(path, problem));
}

/** Where an event is asked about. */
export interface EventPlace {
  project: Asked["project"];
  depth: number;
  /** Names of the project's secrets, which a file may name; undefined where they are not known. */
  secrets?: readonly string[];
}

/** What an event does to each workflow of a project: it fires, or which clauses reject it, or what is wrong with the file. */
export function explainEvent(
  files: readonly ReadWorkflow[],
  event: TriggerEvent,
  place: EventPlace,
): Verdict[] {
  return files.map((file) =>
    file.ok ? explainFile(file, event, place) : { kind: "invalid", path: file.path, problems: file.problems },
  );
}

function explainFile(
  file: ReadWorkflow & { ok: true },
  event: TriggerEvent,
  { project, depth, secrets }: EventPlace,
): Verdict {
  const { path, workflow, source } = file;
  const { name } = workflow;
  const rejected = (clauses: Rejection[]): Verdict => ({ kind: "rejected", path, name, clauses });
  if (workflow.triggers.length === 0)
    return rejected([{ clause: "triggers", reason: "there are none: it starts by hand only" }]);
  const verdicts = matchTriggers({ workflow, path, project }, event);
  const first = verdicts.find((verdict) => verdict.fires);
  if (first === undefined)
    return rejected(verdicts.flatMap((verdict) => (verdict.fires ? [] : [verdict.rejection])));
  if (depth > maxDepth) {
    const reason = `${maxDepth} workflows in a row have led here; the chain ends, as it may be a loop`;
    return rejected([{ clause: "depth", reason }]);
  }
  const missing = Object.entries(workflow.inputs)
    .filter(([, input]) => input.required === true && input.default === undefined)
    .map(([input]) => ({ clause: `inputs.${input}`, reason: "it is required and has no default" }));
  if (missing.length > 0) return rejected(missing);
  // Only what would start: a file that waits for another event need not say of every push that a secret is to come.
  const problems = unknownSecrets(file, secrets);
  if (problems.length > 0) return { kind: "invalid", path, problems };
  const inputs = defaultsOf(workflow);
  try {
    const concurrency = resolveConcurrency(workflow, { inputs, event: event.payload, project });
    return { kind: "fires", path, name, trigger: first.trigger, inputs, concurrency, workflow, source };
  } catch (error) {
    if (!(error instanceof CoderError) || error.code !== "bad_input") throw error;
    return rejected([{ clause: "concurrency.group", reason: error.message }]);
  }
}

/** The linter's errors where the file names a secret that does not exist, as a start by hand is told of them. */
function unknownSecrets(
  { path, workflow, source }: ReadWorkflow & { ok: true },
  secrets: readonly string[] | undefined,
): string[] {
  // Files are read once for many events; the secrets of now are asked about only where one is not there.
  if (secrets === undefined || workflow.policies.secrets.allowed.every((name) => secrets.includes(name)))
    return [];
  return errorTexts(path, lintWorkflow(source, { path, secrets }));
}

function defaultsOf(workflow: Workflow): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(workflow.inputs).flatMap(([name, input]) =>
      input.default === undefined ? [] : [[name, input.default]],
    ),
  );
}

const clauseSchema = z.object({ clause: z.string(), reason: z.string() });

/** What became of a delivery, one entry per workflow file; stored with it. */
export const outcomeSchema = z.array(
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("fired"),
      path: z.string(),
      name: z.string(),
      trigger: z.int(),
      runId: z.string(),
      runNumber: z.int(),
    }),
    z.object({
      kind: z.literal("rejected"),
      path: z.string(),
      name: z.string(),
      clauses: z.array(clauseSchema),
    }),
    z.object({ kind: z.literal("invalid"), path: z.string(), problems: z.array(z.string()) }),
  ]),
);
export type Outcome = z.infer<typeof outcomeSchema>;

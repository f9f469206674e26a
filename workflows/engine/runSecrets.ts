import { toCoderError } from "../../shared/errors.ts";
import { openSecret } from "../../shared/secrets/sealSecret.ts";
import type { SecretKeys } from "../../shared/secrets/secretKeys.ts";
import type { SandboxSecret } from "../sandbox/sandbox.ts";
import type { EngineStep, RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { RunPlan } from "./planRun.ts";
import { makeRedactor, type Redactor } from "./redact.ts";
import { loadSecrets, type SecretRow } from "./sql/loadSecrets.ts";

export interface OpenedSecret extends SandboxSecret {
  id: string;
  version: number;
}

/** By name: a secret, or why there is none. */
export type LoadedSecrets = ReadonlyMap<string, OpenedSecret | { problem: string }>;

/** The secrets of the runs that this worker works on, and what keeps them out of everything that is written. */
export interface RunSecrets {
  /** Opens what the run's policy allows it, as it is now. From then on `redactorOf` knows the values. */
  load(run: RunInfo, plan: RunPlan): Promise<LoadedSecrets>;
  /** Of a run, or of the installation's own secrets alone while none of the run's were opened here. */
  redactorOf(runId: string): Redactor;
  /** Nothing of the run works here for a while. */
  rest(runId: string): void;
  /** The run has ended. */
  forget(runId: string): void;
}

const forgetAfterMs = 60_000;

/**
 * @param own values of the installation itself, which no run may show.
 * @param whereToSet how somebody sets a secret that does not exist, as a sentence.
 */
export function makeRunSecrets(deps: {
  sql: Sql;
  keys: SecretKeys | undefined;
  own: readonly string[];
  whereToSet: (name: string) => string;
}): RunSecrets {
  const base = makeRedactor(deps.own);
  const missing = (run: RunInfo, name: string): string =>
    `There is no secret ${name} for ${run.orgSlug}/${run.projectSlug}. ${deps.whereToSet(name)}`;
  const known = new Map<string, { values: Set<string>; redactor: Redactor }>();
  const remember = (runId: string, values: readonly string[]): void => {
    const before = known.get(runId)?.values ?? new Set<string>();
    if (values.every((value) => before.has(value))) return;
    // Those of before as well: a value that was replaced while the run is under way may still be in its files.
    const all = new Set([...before, ...values]);
    known.set(runId, { values: all, redactor: makeRedactor([...deps.own, ...all]) });
  };
  return {
    async load(run, plan) {
      const names = plan.policies.secrets.allowed;
      if (names.length === 0) return new Map();
      const wanted = { projectId: run.projectId, environment: environmentOf(plan.steps), names };
      const rows = await whenConnected(() => loadSecrets(deps.sql, wanted));
      const opened = await Promise.all(
        names.map(async (name) => {
          const row = rows.find((one) => one.name === name);
          return [
            name,
            row === undefined ? { problem: missing(run, name) } : await open(row, deps.keys),
          ] as const;
        }),
      );
      remember(
        run.id,
        opened.flatMap(([, secret]) => ("value" in secret ? [secret.value] : [])),
      );
      return new Map(opened);
    },
    redactorOf: (runId) => known.get(runId)?.redactor ?? base,
    rest: (runId) => void known.delete(runId),
    // Its last event, and the last words of a step on its way out, are still to come.
    forget: (runId) => void setTimeout(() => known.delete(runId), forgetAfterMs).unref(),
  };
}

async function open(
  row: SecretRow,
  keys: SecretKeys | undefined,
): Promise<OpenedSecret | { problem: string }> {
  if (keys === undefined)
    return { problem: `This worker was started without CODER_SECRETS_KEY, so it cannot open ${row.name}.` };
  const { org_id: orgId, project_id: projectId, environment, name, given_as: givenAs } = row;
  try {
    const value = await openSecret(
      { keyId: row.key_id, ciphertext: row.ciphertext },
      { orgId, projectId, environment, name, givenAs },
      keys,
    );
    return { id: row.id, version: row.version, name, value, givenAs };
  } catch (error) {
    return { problem: toCoderError(error).message };
  }
}

/**
 * The environment that a run is in, for secrets: the target of its deploy steps if they have one in common. With none, or
 * with both, it is in no environment, and gets the secrets that are for every one.
 */
export function environmentOf(steps: readonly EngineStep[]): string {
  const targets = new Set(steps.flatMap(({ spec }) => (spec.type === "deploy" ? [spec.target] : [])));
  const [only = ""] = targets;
  return targets.size === 1 ? only : "";
}

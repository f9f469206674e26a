import type { StepSecrets } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { RunEvents } from "./events.ts";
import type { LoadedSecrets, OpenedSecret, RunSecrets } from "./runSecrets.ts";
import { recordSecretUse } from "./sql/recordSecretUse.ts";

interface Parts {
  sql: Sql;
  events: RunEvents;
  secrets: RunSecrets;
  runId: string;
  stepId: string;
  /** Which execution of the step this is: each use is an event of its own. */
  execution: string;
  loaded: LoadedSecrets;
}

/** The run's secrets as one step sees them. */
export function makeStepSecrets(parts: Parts): StepSecrets {
  const { sql, events, runId, stepId, loaded } = parts;
  return {
    problemWith(names) {
      for (const name of names) {
        const secret = loaded.get(name);
        if (secret === undefined) return `${name} is not among the run's secrets.`;
        if ("problem" in secret) return secret.problem;
      }
      return undefined;
    },
    async use(names) {
      const used = openedOf(loaded, names);
      const secretIds = used.map((secret) => secret.id);
      await whenConnected(() => recordSecretUse(sql, { runId, stepId, secretIds }));
      await events.append(
        runId,
        ...used.map(({ name, givenAs }) => ({
          key: `secret.used:${stepId}:${parts.execution}:${name}`,
          event: { type: "secret.used" as const, stepId, name, givenAs },
        })),
      );
    },
    isIn: (content) => parts.secrets.redactorOf(runId).isIn(content),
  };
}

/** Those of the names that were opened. */
export function openedOf(loaded: LoadedSecrets, names: readonly string[]): OpenedSecret[] {
  return names.flatMap((name) => {
    const secret = loaded.get(name);
    return secret === undefined || "problem" in secret ? [] : [secret];
  });
}

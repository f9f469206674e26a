import { operationalizeStep } from "../operationalize/operationalizeStep.ts";
import { notifyStep } from "./notify.ts";
import { pullRequestStep } from "./pullRequest.ts";
import { agentStep } from "./agent.ts";
import { commandStep } from "./command.ts";
import { deployStep } from "./deploy.ts";
import { notConfigured } from "./notConfigured.ts";
import { releaseStep } from "./release.ts";
import type { EngineStep, StepKind } from "./step.ts";

/** What does the work of each type of step. `approve` is done by the run itself: it waits without holding a worker. */
export const stepKinds: Record<EngineStep["type"], StepKind> = {
  command: commandStep,
  deploy: deployStep,
  operationalize: operationalizeStep,
  agent: agentStep,
  pull_request: pullRequestStep,
  release: releaseStep,
  notify: notifyStep,
  approve: notConfigured("An approve step is decided by people, not run."),
};

import type { Sandbox } from "../sandbox/sandbox.ts";
import type { StepContext } from "../steps/step.ts";

export interface DeployRequest {
  target: "preview" | "prod";
  /** The `inputs` of the step, after expressions. */
  inputs: Record<string, unknown>;
  sandbox: Sandbox;
  context: StepContext;
}

/** What would be deployed, found before anything leaves the sandbox. */
export interface DeployPlan {
  /** sha-256 over everything that would be served. */
  contentHash: string;
  /** For people: what is about to happen. */
  subject: { files: number; bytes: number; directory: string; content: string[] };
  /** Does it. The same plan of the same step twice is one deployment. */
  publish(): Promise<{ url: string; deploymentId: string }>;
}

/** The port to a place where sites are hosted. Adapter: `builtin.ts`. */
export interface DeployTarget {
  name: string;
  /** @throws CoderError `not_found` when there is nothing to deploy, `too_large` above the target's limits, `forbidden` when a secret would go out. */
  plan(request: DeployRequest): Promise<DeployPlan>;
}

import { startStack } from "../e2e/fixtures/stack.ts";
import { repeat, type Measurement } from "./measure.ts";
import { makeProject, signInAsOwner } from "./owner.ts";

const workflow = `name: Bench\nsteps:\n  - { step_id: s, type: command, command: "true" }\n`;
const deadlineMs = 30_000;

/** From the row of the queued run to the event that its first step has started, and to the run's end; database times. */
export async function runs(): Promise<Measurement[]> {
  const stack = await startStack();
  try {
    const owner = await signInAsOwner(stack.url);
    const project = await makeProject(owner, {
      ".coder/workflows/bench.yaml": workflow,
      "index.html": "<h1>Bench</h1>",
    });
    const ends: number[] = [];
    const firstSteps = await repeat(
      20,
      async (index) => {
        const runId = crypto.randomUUID();
        await owner.api.runs.start.mutate({
          id: runId,
          projectId: project.id,
          workflowPath: ".coder/workflows/bench.yaml",
        });
        const times = await timesOf(owner, runId);
        if (index >= 0) ends.push(times.finished - times.queued);
        return times.started - times.queued;
      },
      3,
    );
    return [
      { name: "enqueue to the first step's start", unit: "ms", samples: firstSteps, target: 40 },
      {
        name: "enqueue to the end of a one-command run (checkout and sandbox included)",
        unit: "ms",
        samples: ends,
      },
    ];
  } finally {
    await stack.stop();
    await stack.remove();
  }
}

async function timesOf(
  { api }: Awaited<ReturnType<typeof signInAsOwner>>,
  runId: string,
): Promise<{ queued: number; started: number; finished: number }> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const events = await api.runs.eventsAfter.query({ runId, afterSeq: 0 });
    const at = (type: string): number | undefined => {
      const found = events.find(({ event }) => event.type === type);
      return found === undefined ? undefined : Date.parse(found.at);
    };
    const [queued, started, finished] = [at("run.queued"), at("step.started"), at("run.finished")];
    if (queued !== undefined && started !== undefined && finished !== undefined)
      return { queued, started, finished };
    if (performance.now() > until) throw new Error(`Run ${runId} did not end within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

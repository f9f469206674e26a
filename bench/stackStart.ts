import { startStack } from "../e2e/fixtures/stack.ts";
import { repeat, type Measurement } from "./measure.ts";

/** From the start of the process to "Coder is ready": with an empty data directory, and with one that has been used. */
export async function stackStart(): Promise<Measurement[]> {
  const cold = await repeat(5, async () => {
    const stack = await startStack();
    await stack.stop();
    await stack.remove();
    return stack.readyInMs;
  });
  const first = await startStack();
  await first.stop();
  const warm = await repeat(5, async () => {
    const stack = await startStack({ dataDir: first.dataDir });
    await stack.stop();
    return stack.readyInMs;
  });
  await first.remove();
  return [
    { name: "start of the stack, empty data directory", unit: "ms", samples: cold, target: 3000 },
    { name: "start of the stack, used data directory", unit: "ms", samples: warm, target: 1500 },
  ];
}

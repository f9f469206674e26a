/**
 * What Node is started with for `worker.ts`; `npm run worker` says the same. A worker lives for months and works in
 * bursts: what a burst leaves behind is collected as the heap grows by a seventh, instead of staying resident
 * (docs/decisions/015-parked-runs.md).
 */
export const workerFlags = ["--max-semi-space-size=2", "--heap-growing-percent=15"];

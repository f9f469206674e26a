import { TRPCClientError } from "@trpc/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Server } from "./api.ts";
import { followRun } from "./followRun.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

test("W280 a server that stays away is given up after a minute", async () => {
  let asked = 0;
  const query = (): Promise<never> => {
    asked += 1;
    vi.advanceTimersByTime(10_000);
    return Promise.reject(new TRPCClientError("fetch failed"));
  };
  const server = { url: "http://localhost", api: { runs: { eventsAfter: { query } } } } as unknown as Server;
  const away: boolean[] = [];
  const following = followRun(server, "run", {
    follow: true,
    onEvent: () => undefined,
    onAway: (now) => away.push(now),
  });
  await expect(following).rejects.toThrow("fetch failed");
  expect(away).toEqual([true]);
  expect(asked).toBe(7);
});

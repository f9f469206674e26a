import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

let fixture: RealtimeFixture;
beforeAll(async () => {
  fixture = await startRealtimeFixture();
  await fixture.sql.unsafe(`
    create policy "all of rooms" on realtime.messages for all to authenticated
      using (realtime.topic() like 'room:%') with check (realtime.topic() like 'room:%');
  `);
});
afterAll(() => fixture?.close());

describe.each(["1.0.0", "2.0.0"] as const)("protocol %s", (vsn) => {
  test("a public broadcast reaches the others, and its sender only with self", async () => {
    const heard: string[] = [];
    const names = ["plain", "self"] as const;
    const [plain, self] = await Promise.all(
      names.map(async (name) => {
        const client = await fixture.client({ vsn });
        const config = { broadcast: { self: name === "self", ack: true } };
        const channel = client.channel(`open-${vsn}`, { config });
        channel.on("broadcast", { event: "hi" }, ({ payload }) => heard.push(`${name}:${payload.from}`));
        return joined(channel);
      }),
    );
    expect(await plain!.send({ type: "broadcast", event: "hi", payload: { from: "plain" } })).toBe("ok");
    expect(await self!.send({ type: "broadcast", event: "hi", payload: { from: "self" } })).toBe("ok");
    await vi.waitFor(() => expect([...heard].sort()).toEqual(["plain:self", "self:plain", "self:self"]));
  });
});

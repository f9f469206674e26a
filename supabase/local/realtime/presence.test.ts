import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

let fixture: RealtimeFixture;
beforeAll(async () => {
  fixture = await startRealtimeFixture();
  await fixture.sql.unsafe(`
    create policy "watchers watch" on realtime.messages for select to authenticated using (realtime.topic() = 'floor');
    create policy "dancers dance" on realtime.messages for insert to authenticated
      with check (realtime.topic() = 'floor' and extension = 'presence' and auth.jwt() ->> 'dances' = 'yes');
  `);
});
afterAll(() => fixture?.close());

interface Options {
  topic?: string;
  vsn?: "1.0.0" | "2.0.0";
  isPrivate?: boolean;
  token?: { value: string };
}

async function enter(
  key: string,
  { topic = "floor", vsn = "2.0.0", isPrivate = false, token }: Options = {},
) {
  const client = await fixture.client({ vsn, ...(token ? { token } : {}) });
  const events: string[] = [];
  const channel = client
    .channel(topic, { config: { private: isPrivate, presence: { key } } })
    .on("presence", { event: "join" }, ({ key }) => events.push(`+${key}`))
    .on("presence", { event: "leave" }, ({ key }) => events.push(`-${key}`));
  await joined(channel);
  const state = () =>
    Object.fromEntries(
      Object.entries(channel.presenceState<{ at: number }>()).map(([key, metas]) => [
        key,
        metas.map(({ at }) => at),
      ]),
    );
  return { client, channel, events, state };
}

test("three clients see each other come, change and go", async () => {
  const topic = "three";
  const [ann, bob] = [await enter("ann", { topic }), await enter("bob", { topic, vsn: "1.0.0" })];
  expect(await ann.channel.track({ at: 1 })).toBe("ok");
  expect(await bob.channel.track({ at: 2 })).toBe("ok");
  const cid = await enter("cid", { topic });
  await cid.channel.track({ at: 3 });
  for (const { state } of [ann, bob, cid]) {
    await vi.waitFor(() => expect(state()).toEqual({ ann: [1], bob: [2], cid: [3] }));
  }
  await bob.channel.track({ at: 20 });
  for (const { state } of [ann, bob, cid]) {
    await vi.waitFor(() => expect(state()).toEqual({ ann: [1], bob: [20], cid: [3] }));
  }
  expect(await ann.channel.untrack()).toBe("ok");
  // Gone without a word.
  await bob.client.realtime.disconnect();
  await vi.waitFor(() => expect(cid.state()).toEqual({ cid: [3] }));
  expect(cid.events.slice(-2)).toEqual(["-ann", "-bob"]);
});

test("one person in two tabs has two entries under one key", async () => {
  const topic = "tabs";
  const [one, two] = [await enter("ann", { topic }), await enter("ann", { topic })];
  await one.channel.track({ at: 1 });
  await two.channel.track({ at: 2 });
  await vi.waitFor(() => expect(one.state()["ann"]?.toSorted()).toEqual([1, 2]));
  await two.client.removeChannel(two.channel);
  await vi.waitFor(() => expect(one.state()).toEqual({ ann: [1] }));
});

test("any text is a key, also one that objects know", async () => {
  const topic = "odd";
  const odd = await enter("__proto__", { topic });
  const other = await enter("constructor", { topic });
  await odd.channel.track({ at: 1 });
  expect(await other.channel.track({ at: 2 })).toBe("ok");
  await vi.waitFor(() => expect(other.state()["constructor"]).toEqual([2]));
});

test("on a private channel presence is written by those whom a policy lets", async () => {
  const dancer = { value: await fixture.token({ sub: crypto.randomUUID(), dances: "yes" }) };
  const watcher = { value: await fixture.token({ sub: crypto.randomUUID() }) };
  const one = await enter("dancer", { isPrivate: true, token: dancer });
  const two = await enter("watcher", { isPrivate: true, token: watcher });
  expect(await one.channel.track({ at: 1 })).toBe("ok");
  expect(await two.channel.track({ at: 2 })).toBe("error");
  await vi.waitFor(() => expect(two.state()).toEqual({ dancer: [1] }));
});

test("the public channel of the same name shows nobody of the private one", async () => {
  const dancer = { value: await fixture.token({ sub: crypto.randomUUID(), dances: "yes" }) };
  const inside = await enter("inside", { isPrivate: true, token: dancer });
  const outside = await enter("outside");
  await inside.channel.track({ at: 1 });
  await outside.channel.track({ at: 2 });
  await vi.waitFor(() => expect(outside.state()).toEqual({ outside: [2] }));
});

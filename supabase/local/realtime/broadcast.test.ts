import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

let fixture: RealtimeFixture;
let member: { value: string };
beforeAll(async () => {
  fixture = await startRealtimeFixture();
  await fixture.sql.unsafe(`
    create policy "members of rooms" on realtime.messages for all to authenticated
      using (realtime.topic() like 'room:%') with check (realtime.topic() like 'room:%');
    create policy "everybody reads the news" on realtime.messages for select to anon, authenticated
      using (realtime.topic() like 'news:%');
  `);
  member = { value: await fixture.token({ sub: crypto.randomUUID() }) };
});
afterAll(() => fixture?.close());

interface Heard {
  event: string;
  payload: any;
  meta?: { id: string; replayed?: boolean };
}

/** A joined channel of its own client, and what it heard. */
async function listen(
  topic: string,
  options: { vsn?: "1.0.0" | "2.0.0"; config?: any; token?: { value: string } } = {},
) {
  const client = await fixture.client({
    ...(options.vsn ? { vsn: options.vsn } : {}),
    ...(options.token ? { token: options.token } : {}),
  });
  const heard: Heard[] = [];
  const channel = client.channel(topic, { config: options.config ?? {} });
  channel.on("broadcast", { event: "*" }, (message) => heard.push(message as unknown as Heard));
  await joined(channel);
  return { client, channel, heard };
}

const privately = { private: true } as const;

describe.each(["1.0.0", "2.0.0"] as const)("protocol %s", (vsn) => {
  test("a public broadcast reaches the others, and its sender only with self", async () => {
    const topic = `open-${vsn}`;
    const plain = await listen(topic, { vsn, config: { broadcast: { ack: true } } });
    const self = await listen(topic, { vsn, config: { broadcast: { ack: true, self: true } } });
    for (const { channel } of [plain, self]) {
      expect(await channel.send({ type: "broadcast", event: "hi", payload: { text: "žluť 🐎" } })).toBe("ok");
    }
    await vi.waitFor(() => expect([plain.heard.length, self.heard.length]).toEqual([1, 2]));
    expect(plain.heard[0]).toEqual({ type: "broadcast", event: "hi", payload: { text: "žluť 🐎" } });
  });

  test("a broadcast from the database carries the id of its row", async () => {
    const room = await listen(`room:database-${vsn}`, { vsn, config: privately, token: member });
    await fixture.sql`select realtime.send('{"n":1}', 'done', ${`room:database-${vsn}`})`;
    await vi.waitFor(() => expect(room.heard).toHaveLength(1));
    const [row] = await fixture.sql`select id from realtime.messages where topic = ${`room:database-${vsn}`}`;
    expect(row).toBeDefined();
    expect(room.heard[0]).toEqual({
      type: "broadcast",
      event: "done",
      payload: { n: 1, id: row!.id },
      meta: { id: row!.id },
    });
  });

  test("leaving answers and ends delivery; the topic can be joined again", async () => {
    const topic = `again-${vsn}`;
    const listener = await listen(topic, { vsn });
    expect(await listener.client.removeChannel(listener.channel)).toBe("ok");
    const again: unknown[] = [];
    await joined(
      listener.client.channel(topic).on("broadcast", { event: "*" }, (message) => again.push(message)),
    );
    await (await listen(topic, { vsn })).channel.send({ type: "broadcast", event: "hi", payload: {} });
    await vi.waitFor(() => expect(again).toHaveLength(1));
    expect(listener.heard).toHaveLength(0);
  });

  test("heartbeats are answered", async () => {
    const { client } = await listen(`heart-${vsn}`, { vsn });
    const status = vi.fn<(status: string) => void>();
    client.realtime.onHeartbeat(status);
    await client.realtime.sendHeartbeat();
    await vi.waitFor(() => expect(status.mock.calls.map(([name]) => name)).toContain("ok"));
  });
});

test("both versions and both senders understand each other", async () => {
  const old = await listen("mixed", { vsn: "1.0.0" });
  const current = await listen("mixed", { vsn: "2.0.0" });
  await old.channel.send({ type: "broadcast", event: "from", payload: { version: 1 } });
  await current.channel.send({ type: "broadcast", event: "from", payload: { version: 2 } });
  await vi.waitFor(() => expect([old.heard.length, current.heard.length]).toEqual([1, 1]));
  expect(current.heard[0]!.payload).toEqual({ version: 1 });
  expect(old.heard[0]!.payload).toEqual({ version: 2 });
});

test("binary payloads arrive byte for byte", async () => {
  const [one, two] = [await listen("bytes"), await listen("bytes")];
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
  await one.channel.send({ type: "broadcast", event: "blob", payload: bytes.buffer });
  await vi.waitFor(() => expect(two.heard).toHaveLength(1));
  expect(new Uint8Array(two.heard[0]!.payload)).toEqual(bytes);
});

test("a private and a public channel of one topic are separate rooms", async () => {
  const open = await listen("room:apart");
  const closed = await listen("room:apart", { config: privately, token: member });
  await open.channel.send({ type: "broadcast", event: "public", payload: {} });
  await fixture.sql`select realtime.send('{}', 'private', 'room:apart', true)`;
  await fixture.sql`select realtime.send('{}', 'public from database', 'room:apart', false)`;
  await vi.waitFor(() => expect(open.heard.map(({ event }) => event)).toEqual(["public from database"]));
  await vi.waitFor(() => expect(closed.heard.map(({ event }) => event)).toEqual(["private"]));
});

test("who may only read cannot send", async () => {
  const reader = await listen("news:today", {
    config: { ...privately, broadcast: { self: true, ack: true } },
  });
  expect(await reader.channel.send({ type: "broadcast", event: "fake", payload: {} }, { timeout: 300 })).toBe(
    "timed out",
  );
  await fixture.sql`select realtime.send('{}', 'true', 'news:today')`;
  await vi.waitFor(() => expect(reader.heard.map(({ event }) => event)).toEqual(["true"]));
});

test("a burst of 5,000 from the database arrives whole and in order at every subscriber", async () => {
  const rooms = await Promise.all(
    Array.from({ length: 3 }, () => listen("room:burst", { config: privately, token: member })),
  );
  await Promise.all([
    fixture.sql`select realtime.send(jsonb_build_object('n', n), 'tick', 'room:burst') from generate_series(1, 2500) n`,
    fixture.sql`select realtime.send('{}', 'noise', 'room:elsewhere') from generate_series(1, 500)`,
  ]);
  for (let n = 2501; n <= 5000; n += 100) {
    await fixture.sql`select realtime.send(jsonb_build_object('n', n), 'tick', 'room:burst') from generate_series(${n}::int, ${n + 99}::int) n`;
  }
  const expected = Array.from({ length: 5000 }, (_, index) => index + 1);
  for (const { heard } of rooms) {
    await vi.waitFor(() => expect(heard).toHaveLength(5000), { timeout: 10_000 });
    expect(heard.map(({ payload }) => payload.n)).toEqual(expected);
  }
});

test("what is rolled back is never sent", async () => {
  const room = await listen("room:rollback", { config: privately, token: member });
  await fixture.sql
    .begin(async (transaction) => {
      await transaction`select realtime.send('{}', 'undone', 'room:rollback')`;
      throw new Error("undo");
    })
    .catch((error: Error) => expect(error.message).toBe("undo"));
  await fixture.sql`select realtime.send('{}', 'kept', 'room:rollback')`;
  await vi.waitFor(() => expect(room.heard.map(({ event }) => event)).toEqual(["kept"]));
});

test("replay brings the last messages, oldest first, marked as replayed, then live ones", async () => {
  const since = Date.now() - 1000;
  for (let n = 1; n <= 30; n += 1) {
    await fixture.sql`select realtime.send(jsonb_build_object('n', ${n}::int), 'tick', 'room:replay')`;
  }
  const config = { private: true, broadcast: { replay: { since, limit: 5 } } };
  const room = await listen("room:replay", { config, token: member });
  await fixture.sql`select realtime.send('{"n":31}', 'tick', 'room:replay')`;
  await vi.waitFor(() => expect(room.heard).toHaveLength(6));
  expect(room.heard.map(({ payload }) => payload.n)).toEqual([26, 27, 28, 29, 30, 31]);
  expect(room.heard.map(({ meta }) => meta?.replayed ?? false)).toEqual([
    true,
    true,
    true,
    true,
    true,
    false,
  ]);
});

test("joining a topic again on the same socket closes the first channel", async () => {
  const socket = new WebSocket(fixture.websocketUrl());
  const frames: unknown[][] = [];
  socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(data as string) as unknown[]));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  socket.send(JSON.stringify(["1", "1", "realtime:twice", "phx_join", { config: {} }]));
  socket.send(JSON.stringify(["2", "2", "realtime:twice", "phx_join", { config: {} }]));
  await vi.waitFor(() => expect(frames.filter(([, , , event]) => event === "phx_reply")).toHaveLength(2));
  expect(frames).toContainEqual(["1", "1", "realtime:twice", "phx_close", {}]);
  expect(frames.at(-1)?.[3]).toBe("presence_state");
  socket.close();
});

test("the topic may be as odd as a topic can be", async () => {
  const topic = `room:'; drop table realtime.messages; -- "\\ %s ž`;
  const room = await listen(topic, { config: privately, token: member });
  await fixture.sql`select realtime.send('{}', ${`e'"\\`}, ${topic})`;
  await vi.waitFor(() => expect(room.heard.map(({ event }) => event)).toEqual([`e'"\\`]));
});

describe("over HTTP", () => {
  const post = (path: string, init: { body: unknown; key?: string; type?: string }) =>
    fetch(`${fixture.url}/realtime/v1/api/broadcast${path}`, {
      method: "POST",
      headers: {
        apikey: fixture.anonKey,
        authorization: `Bearer ${init.key ?? fixture.anonKey}`,
        "content-type": init.type ?? "application/json",
      },
      body: init.body as string,
    });

  test("supabase-js sends to a public and a private channel", async () => {
    const open = await listen("web");
    const closed = await listen("room:web", { config: privately, token: member });
    const client = await fixture.client({ token: member });
    await client.channel("web").httpSend("hi", { way: "http" });
    await client.channel("room:web", { config: privately }).httpSend("hi", { way: "http" });
    for (const { heard } of [open, closed]) {
      await vi.waitFor(() => expect(heard.map(({ payload }) => payload)).toEqual([{ way: "http" }]));
    }
    await expect(client.channel("elsewhere", { config: privately }).httpSend("hi", {})).rejects.toThrow(
      "permissions",
    );
  });

  test("a batch answers 202 and reaches each room", async () => {
    const open = await listen("batch");
    const messages = [1, 2].map((n) => ({ topic: "batch", event: "hi", payload: { n }, private: false }));
    expect((await post("", { body: JSON.stringify({ messages }) })).status).toBe(202);
    await vi.waitFor(() => expect(open.heard.map(({ payload }) => payload.n)).toEqual([1, 2]));
  });

  test("a batch with one forbidden message sends none", async () => {
    const open = await listen("batch-none");
    const messages = [
      { topic: "batch-none", event: "hi", payload: {} },
      { topic: "room:web", event: "hi", payload: {}, private: true },
    ];
    expect((await post("", { body: JSON.stringify({ messages }) })).status).toBe(403);
    expect((await post("", { body: JSON.stringify({ messages: messages.slice(0, 1) }) })).status).toBe(202);
    await vi.waitFor(() => expect(open.heard).toHaveLength(1));
  });

  test.each([
    ["not JSON", "", { body: "{" }, 400],
    ["a wrong shape", "", { body: `{"messages":[{"topic":1}]}` }, 400],
    ["a forged key", "", { body: `{"messages":[]}`, key: "a.b.c" }, 401],
    ["a malformed address", "/%E0%A4%A/events/x", { body: "{}" }, 400],
    ["an unknown address", "/x/y", { body: "{}" }, 404],
    ["a body that is too large", "/x/events/y", { body: `"${"x".repeat(3_000_001)}"` }, 413],
  ])("%s is refused", async (_name, path, init, status) => {
    expect((await post(path, init)).status).toBe(status);
  });
});

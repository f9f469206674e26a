import { once } from "node:events";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket as Socket } from "ws";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

let fixture: RealtimeFixture;
beforeAll(async () => {
  fixture = await startRealtimeFixture({
    messageBytes: 100_000,
    channelsPerSocket: 5,
    bufferedBytes: 1_000_000,
    pendingFrames: 20,
  });
});
afterAll(() => fixture?.close());

async function open(vsn = "2.0.0") {
  const socket = new Socket(fixture.websocketUrl({ apikey: fixture.anonKey, vsn }));
  const received: any[] = [];
  socket.on("message", (data: Buffer, isBinary: boolean) =>
    received.push(isBinary ? data : JSON.parse(data.toString())),
  );
  await once(socket, "open");
  return { socket, received };
}

const heartbeat = JSON.stringify([null, "hb", "phoenix", "heartbeat", {}]);
const join = (topic: string, ref = "1", config: unknown = {}) =>
  JSON.stringify([ref, ref, `realtime:${topic}`, "phx_join", { config }]);

/** A binary push with the given header bytes. */
const push = (lengths: number[], encoding: number, rest: string) =>
  Buffer.concat([Uint8Array.of(3, ...lengths, encoding), Buffer.from(rest)]);

test.each<[string, string | Buffer]>([
  ["text that is not JSON", "{{{{"],
  ["JSON of another shape", `{"topic":"x"}`],
  ["an array that is too short", `["1","1"]`],
  ["a topic that is not text", `["1","1",{},"phx_join",{}]`],
  ["a ref that is an object", `[{},"1","realtime:x","phx_join",{}]`],
  ["deep nesting", "[".repeat(20_000)],
  ["an empty frame", Buffer.alloc(0)],
  ["an unknown binary kind", Buffer.from([9, 1, 2, 3])],
  ["a binary header that lies", push([255, 255, 255, 255, 255], 1, "short")],
  ["a body that is no JSON", push([1, 1, 10, 1, 0], 1, "11realtime:xe{oops")],
  ["text that is no UTF-8", Buffer.from([3, 1, 1, 1, 1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x7b, 0x7d])],
])("%s is dropped and the socket lives on", async (_name, frame) => {
  const { socket, received } = await open();
  socket.send(frame, { binary: typeof frame !== "string" });
  socket.send(heartbeat);
  await vi.waitFor(() =>
    expect(received).toEqual([[null, "hb", "phoenix", "phx_reply", { status: "ok", response: {} }]]),
  );
  socket.close();
});

test("who sends nothing but garbage is disconnected", async () => {
  const { socket } = await open();
  for (let n = 0; n < 20; n += 1) socket.send("garbage");
  const [code] = await once(socket, "close");
  expect(code).toBe(1003);
});

test("a frame beyond the limit closes the socket with 1009", async () => {
  const { socket } = await open();
  socket.send(Buffer.alloc(100_001));
  const [code] = await once(socket, "close");
  expect(code).toBe(1009);
});

test.each([
  ["an empty topic", ""],
  ["a NUL in the topic", "a\0b"],
  ["a topic of 300 bytes", "x".repeat(300)],
])("%s is refused", async (_name, topic) => {
  const { socket, received } = await open();
  socket.send(join(topic));
  await vi.waitFor(() => expect(received[0]?.[4]?.status).toBe("error"));
  socket.close();
});

test.each([
  ["config that is text", "x"],
  ["a filter that is a number", { postgres_changes: [{ event: "*", filter: 1 }] }],
  ["an unknown event", { postgres_changes: [{ event: "EVIL" }] }],
  ["a thousand bindings", { postgres_changes: Array.from({ length: 1000 }, () => ({ event: "*" })) }],
  ["replay on a public channel", { broadcast: { replay: { since: 0 } } }],
  ["replay since a negative time", { private: true, broadcast: { replay: { since: -1 } } }],
])("a join with %s is refused with a reason", async (_name, config) => {
  const { socket, received } = await open();
  socket.send(join("x", "1", config));
  await vi.waitFor(() => expect(received[0]?.[4]).toMatchObject({ status: "error" }));
  expect(received[0][4].response.reason).not.toBe("");
  socket.close();
});

test("messages for a topic that was not joined, and unknown events, are answered with an error", async () => {
  const { socket, received } = await open();
  socket.send(JSON.stringify(["1", "2", "realtime:other", "broadcast", { event: "x", payload: {} }]));
  socket.send(join("mine"));
  socket.send(JSON.stringify(["1", "3", "realtime:mine", "phx_evil", {}]));
  await vi.waitFor(() =>
    expect(received.filter((frame) => frame[4]?.status === "error").map((frame) => frame[1])).toEqual([
      "2",
      "3",
    ]),
  );
  socket.close();
});

test("one socket holds no more channels than it may", async () => {
  const { socket, received } = await open();
  for (let n = 1; n <= 8; n += 1) socket.send(join(`room-${n}`, String(n)));
  await vi.waitFor(() => expect(received.filter((frame) => frame[3] === "phx_reply")).toHaveLength(8));
  const statuses = received.filter((frame) => frame[3] === "phx_reply").map((frame) => frame[4].status);
  expect(statuses.filter((status) => status === "ok")).toHaveLength(5);
  expect(statuses.filter((status) => status === "error")).toHaveLength(3);
  socket.close();
});

test("a flood of joins waits its turn, and the socket still answers", async () => {
  const { socket, received } = await open();
  for (let n = 1; n <= 300; n += 1) socket.send(join("same", String(n), { private: true }));
  socket.send(heartbeat);
  await vi.waitFor(
    () => expect(received.at(-1)?.[1] === "hb" || received.some((frame) => frame[1] === "hb")).toBe(true),
    { timeout: 10_000 },
  );
  await vi.waitFor(() => expect(received.filter((frame) => frame[4]?.status === "error")).toHaveLength(300), {
    timeout: 10_000,
  });
  socket.close();
});

test("a client that does not read is disconnected, and the others hear everything", async () => {
  const slow = await open();
  slow.socket.send(join("flood", "1", { presence: { enabled: false } }));
  await vi.waitFor(() => expect(slow.received).toHaveLength(1));
  const client = await fixture.client();
  let heard = 0;
  const channel = client.channel("flood").on("broadcast", { event: "*" }, () => (heard += 1));
  await joined(channel);
  slow.socket.pause();
  const closed = once(slow.socket, "close");
  const body = JSON.stringify({ filler: "x".repeat(90_000) });
  for (let n = 1; n <= 150; n += 1) {
    const response = await fetch(`${fixture.url}/realtime/v1/api/broadcast/flood/events/e`, {
      method: "POST",
      headers: { apikey: fixture.anonKey, "content-type": "application/json" },
      body,
    });
    expect(response.status).toBe(202);
  }
  await vi.waitFor(() => expect(heard).toBe(150), { timeout: 10_000 });
  slow.socket.resume();
  await closed;
  expect(fixture.logged.map(({ msg }) => msg)).toContain("a client reads too slowly and is disconnected");
});

test.each([
  ["no key", { vsn: "2.0.0" }],
  ["a wrong key", { apikey: "nonsense", vsn: "2.0.0" }],
  ["an unknown version", { apikey: "ANON", vsn: "3.0.0" }],
])("a socket with %s is refused", async (_name, parameters) => {
  const values = Object.entries(parameters).map(([name, value]) => [
    name,
    value === "ANON" ? fixture.anonKey : value,
  ]);
  const socket = new Socket(fixture.websocketUrl(Object.fromEntries(values)));
  const [error] = await once(socket, "error");
  expect((error as Error).message).toMatch(/40[01]/);
});

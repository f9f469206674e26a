import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFrame, encodeBroadcast } from "./frames.ts";

interface Serializer {
  encode(message: unknown, callback: (data: ArrayBuffer | string) => void): void;
  decode(data: ArrayBuffer | string, callback: (message: any) => void): void;
}
// The client's own serializer is the other half of the contract; its package doesn't export it.
const require = createRequire(createRequire(import.meta.url).resolve("@supabase/supabase-js"));
const directory = require.resolve("@supabase/realtime-js").replace(/index\.[cm]?js$/, "");
const { default: ClientSerializer } = require(`${directory}lib/serializer.js`) as {
  default: new () => Serializer;
};
const serializer = new ClientSerializer();

const name = fc.string({ unit: "grapheme", maxLength: 30 });
const toArrayBuffer = (data: Buffer): ArrayBuffer => Uint8Array.from(data).buffer;

test("every broadcast of the client is read as it was meant", () => {
  fc.assert(
    fc.property(name, name, fc.jsonValue(), (topic, event, payload) => {
      serializer.encode(
        { join_ref: "1", ref: "2", topic, event: "broadcast", payload: { event, payload } },
        (data) => {
          const frame = decodeFrame(new Uint8Array(data as ArrayBuffer), true, "2.0.0");
          expect(frame).toMatchObject({ joinRef: "1", ref: "2", topic, event: "broadcast" });
          expect(frame.broadcast?.event).toBe(event);
          expect(JSON.parse(Buffer.from(frame.broadcast!.body).toString())).toEqual(
            JSON.parse(JSON.stringify(payload ?? {})),
          );
        },
      );
    }),
  );
});

test("every broadcast is read by the client in both versions", () => {
  fc.assert(
    fc.property(name, name, fc.jsonValue(), (topic, event, payload) => {
      const body = Buffer.from(JSON.stringify(payload));
      const broadcast = { event, encoding: "json" as const, body, meta: `{"id":"1"}` };
      const expected = {
        type: "broadcast",
        event,
        payload: JSON.parse(body.toString()) as unknown,
        meta: { id: "1" },
      };
      serializer.decode(toArrayBuffer(encodeBroadcast(topic, broadcast, "2.0.0") as Buffer), (message) => {
        expect(message).toEqual({ join_ref: null, ref: null, topic, event: "broadcast", payload: expected });
      });
      const text = JSON.parse(encodeBroadcast(topic, broadcast, "1.0.0") as string);
      expect(text).toEqual({ topic, event: "broadcast", payload: expected, ref: null });
    }),
  );
});

test("a name longer than its length byte is sent as text", () => {
  const event = "e".repeat(300);
  const frame = encodeBroadcast("realtime:x", { event, encoding: "json", body: Buffer.from("1") }, "2.0.0");
  expect(JSON.parse(frame as string)).toEqual([
    null,
    null,
    "realtime:x",
    "broadcast",
    { type: "broadcast", event, payload: 1 },
  ]);
});

test("whatever bytes come, the answer is a frame or bad_input", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.boolean(),
      fc.constantFrom("1.0.0", "2.0.0"),
      (bytes, isBinary, version) => {
        try {
          const frame = decodeFrame(isBinary ? Uint8Array.of(3, ...bytes) : bytes, isBinary, version);
          expect(typeof frame.topic).toBe("string");
        } catch (error) {
          expect(error).toMatchObject({ code: "bad_input" });
        }
      },
    ),
    { numRuns: 2000 },
  );
});

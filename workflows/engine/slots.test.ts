import { expect, test } from "vitest";
import { makeSlots } from "./slots.ts";

const never = new AbortController().signal;

test("no more than the limit at once, the rest in order", async () => {
  const slots = makeSlots(2);
  const order: number[] = [];
  const first = await slots.take(never);
  await slots.take(never);
  const waiting = [3, 4].map(async (number) => {
    const release = await slots.take(never);
    order.push(number);
    release();
  });
  expect(order).toEqual([]);
  first();
  // Released twice is released once.
  first();
  await Promise.all(waiting);
  expect(order).toEqual([3, 4]);
});

test("who gives up waiting leaves the queue", async () => {
  const slots = makeSlots(1);
  const release = await slots.take(never);
  const controller = new AbortController();
  const given = slots.take(controller.signal);
  const next = slots.take(never);
  controller.abort(new Error("canceled"));
  await expect(given).rejects.toThrow("canceled");
  release();
  await expect(next).resolves.toBeTypeOf("function");
  await expect(slots.take(controller.signal)).rejects.toThrow("canceled");
});

test("who has a sandbox open already goes before who has none", async () => {
  const slots = makeSlots(1);
  const release = await slots.take(never);
  const order: string[] = [];
  const wait = async (name: string, first: boolean): Promise<void> => {
    const done = await slots.take(never, { first });
    order.push(name);
    done();
  };
  const all = [wait("new", false), wait("open", true), wait("new too", false)];
  release();
  await Promise.all(all);
  expect(order).toEqual(["open", "new", "new too"]);
});

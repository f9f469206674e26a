import { expect, test } from "vitest";
import { makeSlots } from "./slots.ts";

const never = new AbortController().signal;
const of = (orgId: string, first = false) => ({ orgId, first });

test("no more than the limit at once, the rest in order", async () => {
  const slots = makeSlots(2);
  const order: number[] = [];
  const first = await slots.take(never, of("a"));
  await slots.take(never, of("a"));
  const waiting = [3, 4].map(async (number) => {
    const release = await slots.take(never, of("a"));
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
  const release = await slots.take(never, of("a"));
  const controller = new AbortController();
  const given = slots.take(controller.signal, of("b"));
  const next = slots.take(never, of("a"));
  controller.abort(new Error("canceled"));
  await expect(given).rejects.toThrow("canceled");
  release();
  await expect(next).resolves.toBeTypeOf("function");
  await expect(slots.take(controller.signal, of("b"))).rejects.toThrow("canceled");
});

test("who has a sandbox open already goes before who has none", async () => {
  const slots = makeSlots(1);
  const release = await slots.take(never, of("a"));
  const order: string[] = [];
  const wait = async (name: string, first: boolean): Promise<void> => {
    const done = await slots.take(never, of("a", first));
    order.push(name);
    done();
  };
  const all = [wait("new", false), wait("open", true), wait("new too", false)];
  release();
  await Promise.all(all);
  expect(order).toEqual(["open", "new", "new too"]);
});

test("W63 organisations take turns, however many steps one of them has waiting", async () => {
  const slots = makeSlots(1);
  const release = await slots.take(never, of("a"));
  const order: string[] = [];
  const wait = async (orgId: string): Promise<void> => {
    const done = await slots.take(never, of(orgId, orgId === "a"));
    order.push(orgId);
    // The rest is in line by then.
    await Promise.resolve();
    done();
  };
  const all = ["a", "a", "a", "a", "b", "c", "b"].map(wait);
  release();
  await Promise.all(all);
  expect(order).toEqual(["a", "b", "c", "a", "b", "a", "a"]);
});

import { expect, test } from "vitest";
import { parseOutputs } from "./readOutputs.ts";

const parse = (text: string) => parseOutputs(Buffer.from(text));

test("W74 outputs are lines of text, JSON where they say so, or several lines up to a word", () => {
  expect(parse("a=1\n\nb = no\n".replace("b = no", "b==x=y"))).toEqual({
    ok: true,
    outputs: { a: "1", b: "=x=y" },
  });
  expect(parse('n:json=3\nlist:json=[1,{"a":null}]\r\nempty=\n')).toEqual({
    ok: true,
    outputs: { n: 3, list: [1, { a: null }], empty: "" },
  });
  expect(parse("text<<END\none\n\n a=b\nEND\nlast=1")).toEqual({
    ok: true,
    outputs: { text: "one\n\n a=b", last: "1" },
  });
  expect(parse('o:json<<E\n{\n"a": 1\n}\nE\n')).toEqual({ ok: true, outputs: { o: { a: 1 } } });
  expect(parse("a=1\na=2\n__proto__=x")).toEqual({
    ok: true,
    outputs: Object.fromEntries([
      ["a", "2"],
      ["__proto__", "x"],
    ]),
  });
  expect(parse("")).toEqual({ ok: true, outputs: {} });
});

test.each([
  ["no value", "Line 1 of its outputs is not name=value"],
  ["a=1\n1a=2", "Line 2 of its outputs is not name=value"],
  ["a-b=1", "is not name=value"],
  [`${"x".repeat(65)}=1`, "is not name=value"],
  ["a<<END\none", "no line END ends it"],
  ["a:json={", "says that a is JSON"],
  ["exitCode=0", "sets exitCode, which Coder sets itself"],
  [Array.from({ length: 101 }, (_, index) => `a${index}=1`).join("\n"), "more than 100 outputs"],
])("W74 %j is refused with the place", (text, message) => {
  expect(parse(text)).toEqual({ ok: false, message: expect.stringContaining(message) });
});

test("W74 outputs that are not UTF-8 are refused", () => {
  expect(parseOutputs(new Uint8Array([97, 61, 255]))).toMatchObject({ ok: false });
});

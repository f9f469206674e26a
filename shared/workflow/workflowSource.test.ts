import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { maxBytes, readWorkflowSource } from "./workflowSource.ts";

function codeOf(input: string | Uint8Array): string {
  const result = readWorkflowSource(input);
  return result.ok
    ? "ok"
    : `${result.problems[0]?.code} ${result.problems[0]?.line}:${result.problems[0]?.column}`;
}

describe("hostile files", () => {
  const layers = (size: number): string =>
    Array.from(
      { length: 12 },
      (_, i) =>
        `k${i}: &k${i} [${Array(size)
          .fill(i === 0 ? "x" : `*k${i - 1}`)
          .join()}]`,
    ).join("\n");

  it("W2 aliases that multiply are refused", () => {
    expect(codeOf(layers(9))).toBe("alias_limit 1:1");
  });

  it("W2 an anchor that holds itself is refused", () => {
    expect(codeOf("a: &a [*a]\n")).toBe("alias_limit 1:1");
  });

  it("W2 more than a thousand aliases are refused", () => {
    expect(codeOf(`a: &a x\nb: [${Array(1001).fill("*a").join()}]\n`)).toBe("alias_limit 1:1");
  });

  it("W2 a few aliases are written out", () => {
    const result = readWorkflowSource("a: &a { x: [1] }\nb: *a\nc: [*a, *a]\n");
    const item = { x: [1] };
    expect(result).toMatchObject({ ok: true, source: { value: { a: item, b: item, c: [item, item] } } });
    if (!result.ok) throw new Error("not read");
    const value = result.source.value as { a: unknown; b: unknown };
    expect(value.a).not.toBe(value.b);
  });

  it.each([
    ["brackets", "[".repeat(100_000)],
    ["braces", "{a: ".repeat(100_000)],
    ["dashes", "- ".repeat(100_000) + "x"],
    ["indents", Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
  ])("W2 nesting by %s is refused, not overflowed", (_, text) => {
    expect(codeOf(text)).toMatch(/^too_deep/);
  });

  it("W2 a file over 1 MB is refused, counted in bytes", () => {
    expect(codeOf(`a: ${"x".repeat(maxBytes)}`)).toBe("too_large 1:1");
    expect(codeOf(`a: ${"é".repeat(maxBytes / 2)}`)).toBe("too_large 1:1");
    expect(codeOf(new Uint8Array(5_000_000))).toBe("too_large 1:1");
    expect(codeOf(`a: ${"x".repeat(maxBytes - 10)}`)).toBe("ok");
  });

  it.each([
    ["UTF-16", new Uint8Array([0xff, 0xfe, 0x61, 0x00, 0x3a, 0x00])],
    ["UTF-16 without mark, decoded leniently", "a\0:\0 \0b\0"],
    ["Latin-1", new Uint8Array([0x61, 0x3a, 0x20, 0xe9])],
    ["a lenient decoder's replacement", "a: \uFFFD"],
    ["half a surrogate pair", "a: \uD800"],
  ])("W2 %s is refused", (_, input) => {
    expect(codeOf(input)).toBe("bad_encoding 1:1");
  });

  it("W2 UTF-8 with a byte order mark is read, and columns do not count the mark", () => {
    expect(codeOf("\uFEFFa: 1")).toBe("ok");
    expect(codeOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0x3a, 0x20, 0x31]))).toBe("ok");
    expect(codeOf("\uFEFFa: [1\nb: 2")).toMatch(/^syntax 2:1/);
  });

  it.each([
    ["a tag", "a: !!binary x\n", "syntax 1:4"],
    ["a tab", "a:\n\t- b\n", "syntax 2:1"],
    ["an alias without anchor", "a: *b\n", "syntax 1:5"],
    ["two documents", "a: 1\n---\nb: 2\n", "several_documents 3:1"],
    ["a list", "- a\n", "not_a_mapping 1:1"],
    ["nothing", "", "not_a_mapping 1:1"],
    ["text", "hello", "not_a_mapping 1:1"],
  ])("W1 %s is refused with its place", (_, text, expected) => {
    expect(codeOf(text)).toBe(expected);
  });

  it("W3 a key that is written twice is an error at the second", () => {
    expect(codeOf("a: 1\nb:\n  c: 1\n  c: 2\n")).toBe("duplicate_key 4:3");
  });

  it("W2 keys of JavaScript's own objects are plain keys", () => {
    const result = readWorkflowSource("__proto__: { polluted: true }\nconstructor: 1\n");
    if (!result.ok) throw new Error("not read");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(result.source.value as object)).toEqual(["__proto__", "constructor"]);
  });

  it("W2 a megabyte of mistakes is answered", () => {
    const text = Array.from({ length: 90_000 }, (_, i) => `k${i}: [`).join("\n");
    expect(codeOf(text)).not.toBe("ok");
  });
});

describe("reading", () => {
  const json = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes("__proto__"));

  it("W1 any JSON is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 20 }), json), (value) => {
        const text = JSON.stringify(value);
        fc.pre(text.isWellFormed() && !text.includes("\uFFFD") && !text.includes("__proto__"));
        const result = readWorkflowSource(text);
        expect(result.ok ? result.source.value : result.problems).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it("W1 any YAML that the yaml library writes is read as that library reads it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[ -~]{1,12}$/), json), (value) => {
        const text = stringify(value, { aliasDuplicateObjects: false });
        fc.pre(text.isWellFormed() && !/[\0\uFFFD]|__proto__/.test(text));
        const result = readWorkflowSource(text);
        expect(result.ok ? result.source.value : result.problems).toEqual(parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    "a: 1_000",
    "a: 0o17",
    "a: 017",
    "a: yes",
    "a: 2024-01-01",
    "a: ~",
    "a:",
    "a: .inf",
    "a: 1e3",
    "a: 0x1F",
    "a: +1",
    "<<: { a: 1 }",
  ])("W1 `%s` means the same to both libraries", (text) => {
    const result = readWorkflowSource(text);
    expect(result.ok ? result.source.value : result.problems).toEqual(parse(text));
  });

  it("W4 places are found through flow, block, quotes and aliases", () => {
    const text = "a:\n  - x\n  - { 'k': \"v w\", n: }\nb: &b [1, 2]\nc: *b\n";
    const result = readWorkflowSource(text);
    if (!result.ok) throw new Error("not read");
    const at = (path: (string | number)[], part: "key" | "value" = "value"): string => {
      const { line, column, endLine, endColumn } = result.source.problem("bad_value", "", { path, part });
      return `${line}:${column}-${endLine}:${endColumn}`;
    };
    expect(at(["a", 0])).toBe("2:5-2:6");
    expect(at(["a", 1, "k"])).toBe("3:12-3:17");
    expect(at(["a", 1, "k"], "key")).toBe("3:7-3:10");
    expect(at(["a", 1, "n"])).toBe("3:19-3:20");
    expect(at(["a", 1, "missing"])).toBe("3:5-3:6");
    expect(at(["b", 1])).toBe("4:11-4:12");
    expect(at(["c", 1])).toMatch(/^5:/);
  });
});

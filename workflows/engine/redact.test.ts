import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeRedactor } from "./redact.ts";

const secret = "s3cret/with+odd=chars & ü";

describe("redaction", () => {
  test.each([
    ["plain", secret],
    ["hex", Buffer.from(secret).toString("hex")],
    ["upper hex", Buffer.from(secret).toString("hex").toUpperCase()],
    ["percent-encoded", encodeURIComponent(secret)],
    ["form-encoded", encodeURIComponent(secret).replaceAll("%20", "+")],
    ["JSON", JSON.stringify(secret)],
    ["XML", secret.replaceAll("&", "&amp;")],
  ])("%s is replaced", (_, form) => {
    expect(makeRedactor([secret]).text(`before ${form} after`)).toMatch(/^before "?\*\*\*"? after$/);
  });

  test.each([0, 1, 2, 3, 4])(
    "base64 of a longer text that holds it at offset %i does not give it away",
    (offset) => {
      const whole = `${"x".repeat(offset)}${secret}yyyy`;
      for (const encoding of ["base64", "base64url"] as const) {
        const shown = makeRedactor([secret]).text(Buffer.from(whole).toString(encoding));
        expect(shown).toContain("***");
        expect(Buffer.from(shown.replace("***", ""), encoding).toString()).not.toContain(secret.slice(4, 12));
      }
    },
  );

  test("short values and ordinary text stay", () => {
    expect(makeRedactor(["abc", ""]).text("abc abc")).toBe("abc abc");
    expect(makeRedactor([secret]).text("nothing to see")).toBe("nothing to see");
  });

  test("a secret inside another one: the longer is taken", () => {
    expect(makeRedactor(["token", "token-and-more"]).text("token-and-more token")).toBe("*** ***");
  });

  test("cut into any pieces, a stream shows the same as the whole text", () => {
    const secrets = ["hunter2hunter2", "abcdabcd", secret];
    const word = fc.oneof(
      fc.constantFrom(...secrets, "hunter2", "abcd", "s3cret/", " ", "\n"),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 12 }),
        fc.array(fc.nat(30), { maxLength: 20 }),
        (words, cuts) => {
          const text = words.join("");
          const redactor = makeRedactor(secrets);
          const stream = redactor.stream();
          let shown = "";
          let from = 0;
          for (const length of cuts) {
            shown += stream.push(text.slice(from, from + length));
            from += length;
          }
          shown += stream.push(text.slice(from)) + stream.end();
          for (const one of secrets) if (!shown.includes("***")) expect(shown).not.toContain(one);
          expect(secrets.some((one) => shown.includes(one))).toBe(false);
        },
      ),
    );
  });

  test("text that cannot begin a secret is not held back", () => {
    const stream = makeRedactor(["hunter2hunter2"]).stream();
    expect(stream.push("progress 10%")).toBe("progress 10%");
    expect(stream.push("ends in hunt")).toBe("ends in ");
    expect(stream.push("ing")).toBe("hunting");
    expect(stream.push("hunter2")).toBe("");
    expect(stream.end()).toBe("hunter2");
  });

  test("W130 of several lines each one is found by itself, but not braces", () => {
    const text = '{\n  "private_key": "abcdefghijkl",\n  "a": 1\n}\n';
    const redactor = makeRedactor([text]);
    expect(redactor.text(`at ${text} end`)).toBe("at *** end");
    expect(redactor.text('line: "private_key": "abcdefghijkl", {}')).toBe("line: *** {}");
  });

  test("W130 64 kB in one line are found whole, in any encoding, without holding much of a stream back", () => {
    const long = Array.from({ length: 8192 }, (_, index) => index.toString(36).padStart(8, "q")).join("");
    const redactor = makeRedactor([long]);
    for (const form of [long, Buffer.from(long).toString("base64"), Buffer.from(long).toString("hex")]) {
      const shown = redactor.text(form).replaceAll("***", "");
      // Between two pieces of a base64 text there are characters that belong to both.
      expect(shown.length).toBeLessThan(form.length / 100);
    }
    const stream = redactor.stream();
    let shown = "";
    const startedAt = performance.now();
    for (let from = 0; from < long.length; from += 100) shown += stream.push(long.slice(from, from + 100));
    expect(`${shown}${stream.end()}`.replaceAll("***", "")).toBe("");
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });

  test("W131 bytes that hold a secret are known, text and binary", () => {
    const redactor = makeRedactor([secret]);
    expect(redactor.isIn(Buffer.concat([Buffer.from([0, 255, 254]), Buffer.from(secret)]))).toBe(true);
    expect(redactor.isIn(`x${Buffer.from(secret).toString("base64url")}`)).toBe(true);
    expect(redactor.isIn(Buffer.from("nothing to see"))).toBe(false);
    expect(makeRedactor([]).isIn(secret)).toBe(false);
  });
});

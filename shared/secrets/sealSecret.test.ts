import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSecret, sealSecret, type SecretPlace } from "./sealSecret.ts";
import { readSecretKeys, type SecretKeys } from "./secretKeys.ts";
import { normalizeSecretValue, secretNameProblem } from "./secretName.ts";

const keyText = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const keys = (text: string): SecretKeys => readSecretKeys(text)!;
const place: SecretPlace = {
  orgId: "o",
  projectId: "p",
  environment: "prod",
  name: "TOKEN",
  givenAs: "placeholder",
};
const refused = { code: "unavailable" };

describe("W120 a sealed secret", () => {
  test("opens to what it was, whatever that is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 300 }), async (value) => {
        const sealed = await sealSecret(value, place, keys(keyText(1)));
        expect(await openSecret(sealed, place, keys(keyText(1)))).toBe(value);
      }),
    );
    const long = "é".repeat(32 * 1024);
    const sealed = await sealSecret(long, place, keys(keyText(1)));
    expect(await openSecret(sealed, place, keys(keyText(1)))).toBe(long);
  });

  test("sealed twice looks different each time", async () => {
    const sealed = await Promise.all(
      Array.from({ length: 50 }, () => sealSecret("same", place, keys(keyText(1)))),
    );
    expect(new Set(sealed.map((one) => one.ciphertext.slice(0, 16))).size).toBe(50);
  });

  test("with any bit turned is refused", async () => {
    const sealed = await sealSecret("a value of some length", place, keys(keyText(1)));
    const bytes = Buffer.from(sealed.ciphertext, "base64");
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes);
      changed[index]! ^= 1 << (index % 8);
      const ciphertext = changed.toString("base64");
      await expect(openSecret({ ...sealed, ciphertext }, place, keys(keyText(1)))).rejects.toMatchObject(
        refused,
      );
    }
    for (const ciphertext of ["", "AAAA", sealed.ciphertext.slice(0, -8), "not base64 ***"])
      await expect(openSecret({ ...sealed, ciphertext }, place, keys(keyText(1)))).rejects.toMatchObject(
        refused,
      );
  });

  test("moved to another organisation, project, environment, name or form is refused", async () => {
    const sealed = await sealSecret("value", place, keys(keyText(1)));
    const others: Partial<SecretPlace>[] = [
      { orgId: "o2" },
      { projectId: "p2" },
      { projectId: null },
      { environment: "" },
      { environment: "preview" },
      { name: "TOKEN2" },
      { givenAs: "value" },
      { orgId: "op", projectId: "" },
    ];
    for (const other of others)
      await expect(openSecret(sealed, { ...place, ...other }, keys(keyText(1)))).rejects.toMatchObject(
        refused,
      );
  });

  test("opens with any key of the ring by its id, and the first one seals", async () => {
    const old = await sealSecret("value", place, keys(`old:${keyText(1)}`));
    const ring = keys(`new:${keyText(2)}, old:${keyText(1)}`);
    expect(await openSecret(old, place, ring)).toBe("value");
    expect((await sealSecret("value", place, ring)).keyId).toBe("new");
    await expect(openSecret(old, place, keys(`new:${keyText(2)}`))).rejects.toThrow(
      /sealed with the key "old"/,
    );
    // The same id with another key.
    await expect(openSecret(old, place, keys(`old:${keyText(3)}`))).rejects.toMatchObject(refused);
  });
});

test("a key ring is read whole or refused without showing it", () => {
  expect(readSecretKeys(undefined)).toBeUndefined();
  expect(readSecretKeys(" ")).toBeUndefined();
  expect(readSecretKeys(keyText(1))).toEqual([{ id: "1", bytes: new Uint8Array(32).fill(1) }]);
  const wrong = [
    `a:${Buffer.alloc(16).toString("base64")}`,
    `a b:${keyText(1)}`,
    "a:%%%",
    `a:${keyText(1)},`,
    ":",
  ];
  for (const text of wrong) {
    expect(() => readSecretKeys(text)).toThrow(/is not `id:key`/);
    if (text.length > 1) expect(() => readSecretKeys(text)).not.toThrow(text);
  }
  expect(() => readSecretKeys(`a:${keyText(1)},a:${keyText(2)}`)).toThrow(/twice/);
});

test("W121 names are those of the language; those that steer programs are reserved", () => {
  for (const name of ["NPM_TOKEN", "_x", "token2", "PATHS", "CODERS", "GITHUB_TOKEN"])
    expect(secretNameProblem(name)).toBeUndefined();
  for (const name of ["", "2X", "A-B", "A B", "A".repeat(129), "É"])
    expect(secretNameProblem(name)).toMatch(/is not a name/);
  for (const name of [
    "CODER_TOKEN",
    "coder_token",
    "PATH",
    "Path",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "HTTPS_PROXY",
    "DYLD_X",
  ])
    expect(secretNameProblem(name)).toMatch(/reserved/);
});

test("W121 values: one line without the line break it was pasted with, several as they are and handed in themselves", () => {
  expect(normalizeSecretValue("abcd\r\n", "placeholder")).toEqual({ ok: true, value: "abcd" });
  expect(normalizeSecretValue("a\nb\nc\n", "value")).toEqual({ ok: true, value: "a\nb\nc\n" });
  expect(normalizeSecretValue("a\nbcd", "placeholder")).toMatchObject({ ok: false });
  expect(normalizeSecretValue("é".repeat(32 * 1024), "value")).toMatchObject({ ok: true });
  for (const value of ["", "  \n ", "abc", "é".repeat(32 * 1024 + 1), "ab\0cd", "ab\ud800cd"])
    expect(normalizeSecretValue(value, "value")).toMatchObject({ ok: false });
});

import { describe, expect, test } from "vitest";
import { storedToken } from "./storedSession.ts";

describe("storedToken", () => {
  test("gives a token that is good for another minute", () => {
    const read = (expires: unknown) => () => JSON.stringify({ access_token: "t", expires_at: expires });
    expect(storedToken(read(1061), 1000)).toBe("t");
    expect(storedToken(read(1060), 1000)).toBeNull();
    expect(storedToken(read("soon"), 1000)).toBeNull();
  });

  test("gives none where there is no session, it cannot be read, or storage is blocked", () => {
    expect(storedToken(() => null, 0)).toBeNull();
    expect(storedToken(() => "{", 0)).toBeNull();
    expect(storedToken(() => '"text"', 0)).toBeNull();
    expect(
      storedToken(() => {
        throw new Error("blocked");
      }, 0),
    ).toBeNull();
  });
});

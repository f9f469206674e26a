import { describe, expect, it } from "vitest";
import { formatBytes, formatDuration, relativeTime } from "./formatTime.ts";

describe("times for people", () => {
  const now = Date.UTC(2026, 10, 20, 12);
  it.each([
    [3_000, "just now"],
    [42_000, "42 s ago"],
    [125_000, "2 min ago"],
    [3 * 3_600_000, "3 h ago"],
    [5 * 86_400_000, "5 d ago"],
    [40 * 86_400_000, "Oct 11, 2026"],
  ])("%d ms ago is %s", (age, words) => {
    expect(relativeTime(new Date(now - age), now)).toBe(words);
  });

  it.each([
    [420, "0.4 s"],
    [12_900, "12 s"],
    [64_000, "1m 04s"],
    [7_500_000, "2h 05m"],
  ])("%d ms lasts %s", (ms, words) => {
    expect(formatDuration(ms)).toBe(words);
  });

  it.each([
    [820, "820 B"],
    [4_120, "4.1 kB"],
    [23_400_000, "23 MB"],
  ])("%d bytes are %s", (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });
});

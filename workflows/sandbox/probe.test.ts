import { afterEach, expect, test } from "vitest";
import { findProgram, probeSandbox } from "./probe.ts";

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

test("what is missing is named, with the one line that installs it and the explicit way around", () => {
  process.env.PATH = "/nonexistent";
  expect(() => probeSandbox("linux")).toThrow(
    /The sandbox needs bubblewrap, socat, ripgrep\. Install with: (sudo )?apt-get install -y bubblewrap socat ripgrep .*CODER_SANDBOX=none/,
  );
  expect(() => probeSandbox("darwin")).toThrow("brew install ripgrep");
});

test("nothing is said when all is there", () => {
  expect(findProgram("sh")).toMatch(/\/sh$/);
  expect(() => probeSandbox()).not.toThrow();
});

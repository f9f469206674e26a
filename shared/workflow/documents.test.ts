import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { lintWorkflow } from "./parseWorkflow.ts";
import { problemText } from "./problemText.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

const examples = [...read("docs/WORKFLOWS.md").matchAll(/```yaml\n(.*?)```/gs)].map(
  (match) => match[1] ?? "",
);

it.each(examples)("W1 an example of docs/WORKFLOWS.md is right: %s", (example) => {
  const parts: [RegExp, string][] = [
    [/^name:/m, "name: x\n"],
    [/^triggers:/m, "triggers: [{ type: manual }]\n"],
    [/^inputs:/m, "inputs: { channel: { type: string } }\n"],
    [/^steps:/m, "steps: [{ type: command, command: x }]\n"],
  ];
  const whole = parts.reduce((text, [key, part]) => (key.test(text) ? text : part + text), example);
  expect(lintWorkflow(whole, { path: "w.yaml" }).map((problem) => problemText("w.yaml", problem))).toEqual(
    [],
  );
});

it("W1 there are examples", () => {
  expect(examples.length).toBeGreaterThan(5);
});

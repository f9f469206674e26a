import { expect, it } from "vitest";
import { workflowJsonSchema } from "./jsonSchema.ts";

interface Schema {
  required?: string[];
  additionalProperties?: unknown;
  properties?: Record<string, Schema>;
  oneOf?: Schema[];
  anyOf?: Schema[];
  items?: Schema;
  const?: unknown;
  enum?: unknown[];
}

it("W34 the JSON Schema describes files as people write them", () => {
  const schema = workflowJsonSchema() as Schema;
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  expect(schema.required).toEqual(["name", "steps"]);
  expect(schema.additionalProperties).toBe(false);
  const step = schema.properties!["steps"]!.items!;
  const kinds = step.oneOf ?? step.anyOf ?? [];
  expect(kinds.map((kind) => kind.properties!["type"]!.const)).toEqual([
    "agent",
    "command",
    "pull_request",
    "deploy",
    "approve",
    "release",
    "notify",
  ]);
  const command = kinds[1]!;
  expect(command.required).toEqual(["type", "command"]);
  expect(command.additionalProperties).toBe(false);
  expect(schema.properties!["policies"]!.properties!["gates"]!.properties).toHaveProperty("self_approval");
});

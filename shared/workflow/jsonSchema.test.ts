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
  description?: string;
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

it("W34 the schema at /schemas/workflow-v1.json is this one (`npx vitest run -u shared/workflow/jsonSchema.test.ts` writes it)", async () => {
  const published = new URL("../../web/public/schemas/workflow-v1.json", import.meta.url);
  await expect(`${JSON.stringify(workflowJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(published.pathname);
});

it("W34 every key has a description, which editors show on hover", () => {
  const undescribed: string[] = [];
  const visit = (schema: Schema, at: string): void => {
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      if (name !== "type" && property.description === undefined) undescribed.push(`${at}.${name}`);
      visit(property, `${at}.${name}`);
    }
    for (const inner of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) visit(inner, at);
    if (schema.items !== undefined) visit(schema.items, `${at}[]`);
  };
  visit(workflowJsonSchema(), "");
  expect(undescribed).toEqual([]);
});

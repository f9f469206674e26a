import { z } from "zod";
import { workflowFileSchema } from "./schema.ts";

/** JSON Schema (draft 2020-12) of a workflow file as people write it, for editors. */
export function workflowJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(workflowFileSchema, { io: "input", unrepresentable: "any" });
  return { ...schema, title: "Coder workflow", description: "A workflow of Coder, language version 1." };
}

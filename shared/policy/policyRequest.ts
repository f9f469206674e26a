import { z } from "zod";

const patchEntrySchema = z.object({
  path: z.string(),
  oldPath: z.string().optional(),
  mode: z.enum(["100644", "100755", "120000", "160000"]).nullable(),
  linkTarget: z.string().optional(),
});

/**
 * What policy was asked, as it is stored beside the answer: all that the decision depends on besides the policy itself,
 * so that the same question can be put to another policy later (see `whatIf.ts`).
 */
export const policyRequestSchema = z.object({
  /** An action that can be gated, `network.connect`, `credits.reserve`, or `agent.run`. */
  action: z.string(),
  /** What would be written to the repository. */
  patch: z
    .object({
      entries: z.array(patchEntrySchema),
      /** How many files it changes; `entries` holds fewer when there are very many. */
      files: z.number().int(),
      bytes: z.number().int(),
    })
    .optional(),
  /** Names of the checks that have passed on the very commit. */
  passedChecks: z.array(z.string()).optional(),
  /** What something may cost at most, and what its run had spent and held besides, in millicredits. */
  credits: z
    .object({
      /** What is paid for, such as `command`. */
      item: z.string(),
      wanted: z.int(),
      spent: z.int(),
      held: z.int(),
    })
    .optional(),
  /** Hosts, as `host` or `host:port`. */
  hosts: z.array(z.string()).optional(),
  /** What the word `registry` of the file stood for. */
  registryHosts: z.array(z.string()).optional(),
});
export type PolicyRequest = z.infer<typeof policyRequestSchema>;

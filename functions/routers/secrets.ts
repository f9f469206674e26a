import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import { sealSecret, secretForms } from "../../shared/secrets/sealSecret.ts";
import { maxSecretBytes, normalizeSecretValue, secretNameProblem } from "../../shared/secrets/secretName.ts";
import type { CallerTransaction } from "../context.ts";
import { listSecretReferences } from "../listSecretReferences.ts";
import { noKeys } from "../secretOf.ts";
import { listSecrets } from "../sql/listSecrets.ts";
import { removeSecret } from "../sql/removeSecret.ts";
import { requireOrgRole } from "../sql/requireOrgRole.ts";
import { requireProject } from "../sql/requireProject.ts";
import { setSecret } from "../sql/setSecret.ts";
import { procedure, router } from "../trpc.ts";
import type { SecretReference, SecretSummary } from "../views.ts";
import { id } from "./inputs.ts";

const scopeSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("org"), orgId: id }),
  z.strictObject({ kind: z.literal("project"), projectId: id }),
]);
type Scope = z.infer<typeof scopeSchema>;

const nameSchema = z.string().superRefine((name, context) => {
  const problem = secretNameProblem(name);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

/** No call answers a value, and no error holds one. */
export const secretsRouter = router({
  list: procedure
    .input(z.strictObject({ scope: scopeSchema }))
    .query(({ ctx, input }): Promise<SecretSummary[]> =>
      ctx.asCaller(async (tx) => listSecrets(tx, await placeOf(tx, ctx.userId, input.scope))),
    ),
  /** Which workflows name which secrets, so that nobody removes one that is needed. */
  references: procedure
    .input(z.strictObject({ projectId: id }))
    .query(({ ctx, input }): Promise<SecretReference[]> => listSecretReferences(ctx, input.projectId)),
  set: procedure
    .input(
      z.strictObject({
        scope: scopeSchema,
        /** Of a project's secret only; empty for every environment. */
        environment: z
          .string()
          .regex(/^([a-z][a-z0-9-]{0,39})?$/, "lower-case letters, digits and -, starting with a letter")
          .default(""),
        name: nameSchema,
        /** The bound is in UTF-16 units here, in bytes below. */
        value: z.string().max(maxSecretBytes),
        givenAs: z.enum(secretForms).default("placeholder"),
      }),
    )
    .mutation(async ({ ctx, input }): Promise<{ id: string }> => {
      const { scope, environment, name, givenAs } = input;
      const keys = ctx.deps.secretKeys;
      if (keys === undefined) throw new CoderError("unavailable", noKeys);
      if (scope.kind === "org" && environment !== "")
        throw new CoderError(
          "bad_input",
          "An organisation's secret is for every environment; set it in a project",
        );
      const normal = normalizeSecretValue(input.value, givenAs);
      if (!normal.ok) throw new CoderError("bad_input", `${name} was not set: ${normal.problem}`);
      return ctx.asCaller(async (tx) => {
        const { orgId, projectId } = await placeOf(tx, ctx.userId, scope);
        const place = { orgId, projectId, environment, name, givenAs };
        return { id: await setSecret(tx, place, await sealSecret(normal.value, place, keys)) };
      });
    }),
  remove: procedure
    .input(z.strictObject({ secretId: id }))
    .mutation(({ ctx, input }): Promise<{ ok: true }> =>
      ctx.asCaller(async (tx) => {
        await removeSecret(tx, input.secretId);
        return { ok: true };
      }),
    ),
});

/** What a member may see; who may change it is decided where it is changed. */
async function placeOf(
  tx: CallerTransaction,
  userId: string,
  scope: Scope,
): Promise<{ orgId: string; projectId: string | null }> {
  if (scope.kind === "project") {
    const project = await requireProject(tx, scope.projectId);
    return { orgId: project.orgId, projectId: project.id };
  }
  await requireOrgRole(tx, { orgId: scope.orgId, userId, atLeast: "viewer" });
  return { orgId: scope.orgId, projectId: null };
}

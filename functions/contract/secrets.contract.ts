import { beforeAll, describe, expect, test } from "vitest";
import { openSecret } from "../../shared/secrets/sealSecret.ts";
import { readSecretKeys } from "../../shared/secrets/secretKeys.ts";
import { type ApiFixture, type TestUser, type World } from "./world.ts";

const yaml = `name: Publish
triggers:
  - { type: manual }
  - { type: webhook, name: alert, secret_ref: ALERT_SECRET }
policies: { secrets: { allowed: [NPM_TOKEN] } }
steps:
  - { type: command, command: "true", env: { T: "\${{ secrets.NPM_TOKEN }}" } }
`;

export function describeSecrets(world: World): void {
  const { as, failure, codeOf, newProject } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });
  const ofProject = (projectId: string) => ({ kind: "project", projectId }) as const;

  describe("secrets", () => {
    test("W121 W122 are set, listed without their values, replaced and removed, each act in the audit log", async () => {
      const { id: projectId } = await newProject();
      const scope = ofProject(projectId);
      const value = "npm_0123456789-canary";
      const set = (user: TestUser, more: object = {}) =>
        as(user).secrets.set.mutate({ scope, name: "NPM_TOKEN", value, ...more });
      const { id } = await set(member, { value: `${value}\n` });
      await set(member, { environment: "prod", value: "of production", givenAs: "value" });
      const again = await set(owner, { value: `${value}-2` });
      expect(again.id).toBe(id);
      const listed = await as(viewer).secrets.list.query({ scope });
      expect(listed).toEqual([
        {
          id,
          name: "NPM_TOKEN",
          scope: "project",
          environment: "",
          givenAs: "placeholder",
          version: 2,
          updatedBy: expect.stringContaining("owner"),
          updatedAt: expect.stringMatching(/Z$/),
          lastUsedAt: null,
        },
        expect.objectContaining({ environment: "prod", givenAs: "value", version: 1 }),
      ]);
      expect(JSON.stringify(listed)).not.toMatch(/canary|of production/);

      const [row] = await api.sql`select * from secrets where id = ${id}`;
      expect(JSON.stringify(row)).not.toContain("canary");
      const place = { orgId, projectId, environment: "", name: "NPM_TOKEN", givenAs: "placeholder" } as const;
      const sealed = { keyId: row!["key_id"] as string, ciphertext: row!["ciphertext"] as string };
      expect(await openSecret(sealed, place, readSecretKeys(api.secretsKey)!)).toBe(`${value}-2`);

      await as(member).secrets.remove.mutate({ secretId: id });
      expect(await codeOf(as(member).secrets.remove.mutate({ secretId: id }))).toBe("not_found");
      const acts =
        await api.sql`select action, actor, entry from audit_log where project_id = ${projectId} order by seq`;
      expect(acts.map((act) => [act["action"], act["actor"]])).toEqual([
        ["secret.set", `user:${member.id}`],
        ["secret.set", `user:${member.id}`],
        ["secret.set", `user:${owner.id}`],
        ["secret.remove", `user:${member.id}`],
      ]);
      expect(JSON.stringify(acts)).not.toMatch(/canary|of production/);
    });

    test("W122 admins set those of an organisation, writers those of a project, viewers none; strangers learn nothing", async () => {
      const { id: projectId } = await newProject();
      const value = "0123456789";
      const inOrg = (user: TestUser) =>
        as(user).secrets.set.mutate({ scope: { kind: "org", orgId }, name: "ORG_TOKEN", value });
      const inProject = (user: TestUser) =>
        as(user).secrets.set.mutate({ scope: ofProject(projectId), name: "TOKEN", value });
      expect(await failure(inOrg(member))).toMatchObject({
        code: "forbidden",
        message: expect.stringContaining("a project can have its own"),
      });
      expect(await codeOf(inOrg(stranger))).toBe("not_found");
      expect(await codeOf(inProject(viewer))).toBe("forbidden");
      expect(await codeOf(inProject(stranger))).toBe("not_found");
      const { id } = await inOrg(owner);
      expect(await codeOf(as(member).secrets.remove.mutate({ secretId: id }))).toBe("forbidden");
      expect(await failure(as(stranger).secrets.remove.mutate({ secretId: id }))).toMatchObject({
        code: "not_found",
        message: "There is no such secret",
      });
      expect(await codeOf(as(stranger).secrets.list.query({ scope: { kind: "org", orgId } }))).toBe(
        "not_found",
      );
      expect(await codeOf(as(stranger).secrets.list.query({ scope: ofProject(projectId) }))).toBe(
        "not_found",
      );
      await inProject(member);
      const seen = await as(viewer).secrets.list.query({ scope: ofProject(projectId) });
      expect(seen.map((one) => [one.name, one.scope])).toEqual([
        ["TOKEN", "project"],
        ["ORG_TOKEN", "org"],
      ]);
      await as(owner).secrets.remove.mutate({ secretId: id });
    });

    test("W121 names, values and environments that cannot be are refused in words, and never repeated", async () => {
      const { id: projectId } = await newProject();
      const scope = ofProject(projectId);
      const value = "canary-in-an-error";
      const wrong: [object, string, RegExp][] = [
        [{ name: "A-B" }, "bad_input", /is not a name/],
        [{ name: "NODE_OPTIONS" }, "bad_input", /reserved/],
        [{ value: `${value}\nand a line` }, "bad_input", /several lines/],
        [{ value: "abc" }, "bad_input", /at least 4/],
        [{ value: value.padEnd(70_000, "x") }, "bad_input", /./],
        [{ value: "é".repeat(40_000), givenAs: "value" }, "bad_input", /64 kB/],
        [{ environment: "Prod" }, "bad_input", /lower-case/],
        [{ scope: { kind: "org", orgId }, environment: "prod" }, "bad_input", /every environment/],
      ];
      for (const [more, code, message] of wrong) {
        const call = as(owner).secrets.set.mutate({ scope, name: "TOKEN", value, ...more });
        const refused = await failure(call);
        expect(refused.code).toBe(code);
        expect(refused.message).toMatch(message);
        expect(JSON.stringify(refused)).not.toContain("canary");
      }
      expect(await as(owner).secrets.list.query({ scope })).toEqual([]);
    });

    test("W32 a file that names a secret which does not exist is reported, and starts once it does", async () => {
      const path = ".coder/workflows/publish.yaml";
      const { id: projectId } = await newProject({ [path]: yaml });
      const start = () =>
        as(owner).runs.start.mutate({ id: crypto.randomUUID(), projectId, workflowPath: path });
      const refused = await failure(start());
      expect(refused.message).toMatch(
        /publish\.yaml:5:\d+ unknown_secret the project has no secret NPM_TOKEN/,
      );
      const [listed] = await as(owner).workflows.list.query({ projectId });
      expect(listed?.name).toBe("Publish");
      const { problems } = await as(owner).workflows.read.query({ projectId, path });
      expect(listed?.problems).toEqual(problems);
      // The webhook's secret is no reason not to start.
      expect(problems.map(({ code, severity }) => `${code} ${severity}`).toSorted()).toEqual([
        "unknown_secret error",
        "unknown_secret warning",
      ]);
      expect(await as(viewer).secrets.references.query({ projectId })).toEqual([
        { path, workflow: "Publish", names: ["ALERT_SECRET", "NPM_TOKEN"] },
      ]);
      await as(member).secrets.set.mutate({
        scope: ofProject(projectId),
        name: "NPM_TOKEN",
        value: "0123456789",
      });
      expect((await start()).number).toBe(1);
    });
  });
}

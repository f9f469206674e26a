import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { sha256, type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeSites(world: World): void {
  const { as, failure, codeOf, newProject, append, startedRun } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });

  describe("sites and artifacts", () => {
    const upload = (user: TestUser, object: string, content: string) =>
      fetch(`${api.origin}/storage/v1/object/${object}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${user.token}`,
          apikey: api.anonKey,
          "content-type": "text/html",
        },
        body: content,
      });
    const manifest = (content: string, size = content.length) => ({
      "index.html": { sha256: sha256(content), size, type: "text/html" },
    });

    test("publish refuses blobs that are missing or not what they are called, then shares, rolls back, revokes", async () => {
      const { id: projectId } = await newProject();
      const publish = (
        content: Record<string, { sha256: string; size: number; type: string }>,
        deploymentId = randomUUID(),
      ) => as(member).sites.publish.mutate({ deploymentId, projectId, kind: "share", manifest: content });
      const [one, two] = [`<h1>one ${projectId}</h1>`, `<h1>two ${projectId}</h1>`];
      expect(await failure(publish(manifest(one)))).toMatchObject({
        code: "bad_input",
        details: { files: ["index.html: was not uploaded"] },
      });
      const lie = sha256(`lie ${projectId}`);
      expect((await upload(member, `sites/${orgId}/${lie}`, "something else")).status).toBe(200);
      expect(await codeOf(publish({ "a.js": { sha256: lie, size: 14, type: "text/javascript" } }))).toBe(
        "bad_input",
      );
      expect((await upload(member, `sites/${orgId}/${sha256(one)}`, one)).status).toBe(200);
      expect((await upload(member, `sites/${orgId}/${sha256(two)}`, two)).status).toBe(200);
      expect(await codeOf(publish(manifest(one, 3)))).toBe("bad_input");
      expect(await codeOf(publish({}))).toBe("bad_input");
      expect(await api.sql`select 1 from sites where project_id = ${projectId}`).toHaveLength(0);

      const first = randomUUID();
      const { url } = await publish(manifest(one), first);
      expect(url).toMatch(/^http:\/\/shop[\w-]*-[0-9a-f]{20}\.localhost$/);
      expect(await publish(manifest(one), first)).toEqual({ url });
      expect(await publish(manifest(two))).toEqual({ url });
      const [site] = await as(viewer).sites.list.query({ projectId });
      expect(site).toMatchObject({ url, kind: "share", revokedAt: null });
      expect(site!.deployments.map((one_) => one_.id)).toEqual([site!.currentDeploymentId, first]);
      const { previewUrl } = (await as(viewer).projects.list.query({ orgId })).find(
        (project) => project.id === projectId,
      )!;
      expect(previewUrl).toBe(url);

      expect(await codeOf(as(viewer).sites.rollback.mutate({ siteId: site!.id, deploymentId: first }))).toBe(
        "forbidden",
      );
      expect(
        await codeOf(as(member).sites.rollback.mutate({ siteId: site!.id, deploymentId: randomUUID() })),
      ).toBe("not_found");
      await as(member).sites.rollback.mutate({ siteId: site!.id, deploymentId: first });
      expect(await as(viewer).sites.list.query({ projectId })).toMatchObject([
        { currentDeploymentId: first },
      ]);
      expect(await codeOf(as(viewer).sites.revoke.mutate({ siteId: site!.id }))).toBe("forbidden");
      expect(await codeOf(as(stranger).sites.revoke.mutate({ siteId: site!.id }))).toBe("not_found");
      await as(member).sites.revoke.mutate({ siteId: site!.id });
      expect((await as(viewer).sites.list.query({ projectId }))[0]!.revokedAt).not.toBeNull();
      const again = await publish(manifest(two));
      expect(again.url).not.toBe(url);
    });

    test("an artifact's URL downloads its bytes without a token, for members only", async () => {
      const { id: runId } = await startedRun();
      const artifact = {
        id: randomUUID(),
        kind: "log_bundle",
        name: "log.txt",
        stepId: null,
        sha256: sha256("log"),
        size: 3,
        data: {},
        madeFrom: [],
      };
      const stored = await upload(
        { ...owner, token: api.serviceKey },
        `artifacts/${orgId}/${runId}/${artifact.id}`,
        "log",
      );
      expect(stored.status).toBe(200);
      await append(runId, "artifact", { type: "artifact.created", artifact });
      const { url } = await as(viewer).runs.artifactUrl.query({ artifactId: artifact.id });
      const download = await fetch(url);
      expect(await download.text()).toBe("log");
      expect(await codeOf(as(stranger).runs.artifactUrl.query({ artifactId: artifact.id }))).toBe(
        "not_found",
      );
    });
  });
}

import { beforeAll, describe, expect, test } from "vitest";
import type { ApiFixture, TestUser, World } from "./world.ts";

export function describeNotifications(world: World): void {
  const { as, startedRun } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  beforeAll(() => {
    ({ api, owner, viewer, stranger } = world.people());
  });

  describe("notifications", () => {
    test("W195 every member has their own, reads it for themselves, and a stranger has none", async () => {
      const run = await startedRun();
      const tell = () => api.sql`select private.notify_members(${run.id}, 'say', 'Shipped') as email`;
      const addresses = (await tell()).map((row) => row["email"]);
      expect(addresses).toContain(owner.email);
      expect(addresses).not.toContain(viewer.email);
      await tell();
      const mine = (user: TestUser) =>
        as(user)
          .notifications.list.query()
          .then((all) => all.filter((one) => one.message === "Shipped"));
      const [told, ...more] = await mine(owner);
      expect(told).toMatchObject({ readAt: null, runNumber: 1, runName: "CI" });
      expect(more).toEqual([]);
      expect(await mine(stranger)).toEqual([]);
      const byViewer = (await mine(viewer))[0]!;
      await as(owner).notifications.markRead.mutate({ ids: [told!.id, byViewer.id] });
      expect((await mine(owner))[0]?.readAt).not.toBeNull();
      expect((await mine(viewer))[0]?.readAt).toBeNull();
      await as(owner).notifications.markRead.mutate({ ids: [told!.id], read: false });
      expect((await mine(owner))[0]?.readAt).toBeNull();
    });
  });
}

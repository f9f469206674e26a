import { beforeAll, describe, expect, test } from "vitest";
import { type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeCallers(world: World): void {
  const { clientOf, as, failure, codeOf } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger, orgId } = world.people());
  });

  describe("who asks", () => {
    test("without a token, with a forged, an expired, or nobody's token: unauthenticated", async () => {
      const future = Math.floor(Date.now() / 1000) + 600;
      const claims = { sub: owner.id, role: "authenticated", exp: future };
      const unsigned = [{ alg: "none", typ: "JWT" }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
      const tokens = [
        undefined,
        "nonsense",
        `${unsigned}.`,
        await api.sign(claims, "another secret that is long enough"),
        await api.sign({ ...claims, exp: future - 1200 }),
        await api.sign({ ...claims, sub: "not-a-uuid" }),
        api.serviceKey,
        api.anonKey,
      ];
      for (const token of tokens) {
        expect(await failure(clientOf(token).session.me.query())).toMatchObject({
          code: "unauthenticated",
          httpStatus: 401,
        });
      }
    });

    test("the token of a deleted account is nobody's", async () => {
      const gone = await api.addUser("gone");
      await api.sql`delete from auth.users where id = ${gone.id}`;
      expect(await codeOf(as(gone).session.me.query())).toBe("unauthenticated");
    });

    test("session.me lists the personal organisation first, then the others with the role", async () => {
      const me = await as(member).session.me.query();
      expect(me.user).toMatchObject({ id: member.id, email: member.email });
      expect(me.orgs.map((org) => [org.id, org.personal, org.role])).toEqual([
        [member.orgId, true, "owner"],
        [orgId, false, "member"],
      ]);
    });
  });

  describe("organisations", () => {
    test("members are listed to members, and to nobody else", async () => {
      const members = await as(viewer).orgs.members.query({ orgId });
      expect(members.map((one) => [one.email, one.role])).toEqual([
        [owner.email, "owner"],
        [member.email, "member"],
        [viewer.email, "viewer"],
      ]);
      expect(await codeOf(as(stranger).orgs.members.query({ orgId }))).toBe("not_found");
    });

    test("only owners and admins change members, and the last owner stays", async () => {
      const change = { orgId, email: stranger.email, role: "viewer" } as const;
      expect(await codeOf(as(member).orgs.setMember.mutate(change))).toBe("forbidden");
      expect(await codeOf(as(stranger).orgs.setMember.mutate(change))).toBe("not_found");
      const leave = await failure(as(owner).orgs.setMember.mutate({ orgId, email: owner.email, role: null }));
      expect(leave).toMatchObject({
        code: "conflict",
        message: "An organisation needs at least one owner",
      });
      const unknown = { orgId, email: "nobody@example.com", role: "member" } as const;
      expect(await codeOf(as(owner).orgs.setMember.mutate(unknown))).toBe("not_found");
    });

    test("rename is for admins", async () => {
      expect(await codeOf(as(member).orgs.rename.mutate({ orgId, name: "Evil" }))).toBe("forbidden");
      await as(owner).orgs.rename.mutate({ orgId, name: "Acme & Co" });
      const me = await as(owner).session.me.query();
      expect(me.orgs.find((org) => org.id === orgId)?.name).toBe("Acme & Co");
    });
  });
}

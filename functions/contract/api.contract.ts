import { afterAll, beforeAll, describe } from "vitest";
import { describeAccessTokens } from "./accessTokens.contract.ts";
import { describeCallers } from "./callers.contract.ts";
import { describeProjects } from "./projects.contract.ts";
import { describeRepository } from "./repository.contract.ts";
import { describeChanges } from "./changes.contract.ts";
import { describeIssues } from "./issues.contract.ts";
import { describeRuns } from "./runs.contract.ts";
import { describeHistory } from "./history.contract.ts";
import { describeDecisions } from "./decisions.contract.ts";
import { describeMcp } from "./mcp.contract.ts";
import { describeNotifications } from "./notifications.contract.ts";
import { describeSites } from "./sites.contract.ts";
import { describeSecrets } from "./secrets.contract.ts";
import { describeTriggers } from "./triggers.contract.ts";
import { describeTransport } from "./transport.contract.ts";
import { describePolicy } from "./policy.contract.ts";
import { createWorld, type ApiFixture, type People } from "./world.ts";

/** The same rules for every runtime that serves the API. */
export function describeApi(name: string, start: () => Promise<ApiFixture>): void {
  describe(`API on ${name}`, () => {
    let people: People | undefined;
    const world = createWorld(() => {
      if (people === undefined) throw new Error("The fixture has not started");
      return people;
    });

    beforeAll(async () => {
      const api = await start();
      const owner = await api.addUser("owner");
      const member = await api.addUser("member");
      const viewer = await api.addUser("viewer");
      const stranger = await api.addUser("stranger");
      people = { api, owner, member, viewer, stranger, orgId: "" };
      const { id: orgId } = await world.as(owner).orgs.create.mutate({ name: "Acme" });
      people = { ...people, orgId };
      await world.as(owner).orgs.setMember.mutate({ orgId, email: member.email, role: "member" });
      await world.as(owner).orgs.setMember.mutate({ orgId, email: viewer.email, role: "viewer" });
    }, 60_000);
    afterAll(() => people?.api.close());

    describeCallers(world);
    describeAccessTokens(world);
    describeProjects(world);
    describeRepository(world);
    describeChanges(world);
    describeIssues(world);
    describeRuns(world);
    describeHistory(world);
    describeDecisions(world);
    describeSites(world);
    describeMcp(world);
    describeNotifications(world);
    describeSecrets(world);
    describePolicy(world);
    describeTriggers(world);
    describeTransport(world);
  });
}

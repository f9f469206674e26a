import { expect, it } from "vitest";
import { policiesSchema } from "../schema.ts";
import type { Trigger } from "../schema.ts";
import { policiesInWords, triggerInWords } from "./workflowInWords.ts";

const actors = { allow_bots: false };

it.each<[Trigger, string]>([
  [{ type: "manual" }, "By hand"],
  [
    { type: "cron", cron: "0 9 * * 1-5", timezone: "America/Chicago", catch_up: "last" },
    "At 09:00, Monday through Friday, America/Chicago time",
  ],
  [{ type: "repo_event", event: "push", branches: ["main"], actors }, "On a push to main"],
  [
    {
      type: "repo_event",
      event: "issue.labeled",
      labels: ["bug"],
      actors: { allow_bots: true },
      if: "event.issue.number > 3",
    },
    "When an issue is labelled, with the label bug, also by bots, if event.issue.number > 3",
  ],
  [{ type: "webhook", name: "alert", secret_ref: "S" }, "When alert is called, signed with S"],
  [{ type: "workflow", workflow: "ci.yaml", on: "failed" }, "After ci.yaml has failed"],
])("a trigger in words: %j", (trigger, text) => {
  expect(triggerInWords(trigger)).toBe(text);
});

it("a schedule that cannot be put into words is shown as it is", () => {
  const cron = { type: "cron", cron: "0 9 * * 1", timezone: "Europe/Berlin", catch_up: "last" } as const;
  expect(triggerInWords({ ...cron, cron: "nonsense" })).toBe("nonsense, Europe/Berlin time");
});

it("policies in words, the defaults and what a file says", () => {
  expect(policiesInWords(policiesSchema.parse({}))).toEqual([
    "may reach: registry",
    "may change: every file",
    "may take: 1 h",
    "agents: at most 60 turns, 100 files in a patch",
  ]);
  const lines = policiesInWords(
    policiesSchema.parse({
      network: { allowed_domains: [] },
      repo: { allowed_paths: ["src/"], blocked_paths: ["src/secret/"] },
      gates: { require_human_approval_for: ["deploy.prod"], approvers: ["role:admin"] },
      budget: { max_credits: 2, max_wall_clock_sec: 90 },
      secrets: { allowed: ["A"] },
    }),
  );
  expect(lines).toEqual(
    expect.arrayContaining([
      "may reach: nothing",
      "may change: src/",
      "may not change: src/secret/",
      "asks before: deploy.prod",
      "asks: role:admin",
      "may cost: 2 credits",
      "may take: 90 s",
      "may read secrets: A",
    ]),
  );
});

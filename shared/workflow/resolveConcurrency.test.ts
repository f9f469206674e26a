import { expect, it } from "vitest";
import { resolveConcurrency } from "./resolveConcurrency.ts";

const context = {
  inputs: { channel: "beta" },
  event: { branch: "main" },
  project: { provider: "coder", owner: "acme", repo: "shop", ref: "main" },
};
const of = (group: string) =>
  resolveConcurrency({ concurrency: { group, max: 2, when_full: "skip" } }, context);

it("W60 a group is told from inputs, event and project when the run starts", () => {
  expect(of("release-${{ project.ref }}-${{ inputs.channel }}-${{ event.branch }}")).toEqual({
    group: "release-main-beta-main",
    max: 2,
    when_full: "skip",
  });
  expect(resolveConcurrency({}, context)).toBeUndefined();
});

it("W60 a group that cannot be told, is empty or is too long is refused", () => {
  for (const group of ["${{ event.nothing }}", "${{ '' }}", "x".repeat(201)])
    expect(() => of(group)).toThrow(expect.objectContaining({ code: "bad_input" }));
});

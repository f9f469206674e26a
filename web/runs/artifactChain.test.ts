import { describe, expect, test } from "vitest";
import { chainEdges, type ChainLink } from "./artifactChain.ts";

const link = (id: string, kind: ChainLink["kind"], more: Partial<ChainLink> = {}): ChainLink => ({
  id,
  kind,
  name: id,
  stepId: null,
  runId: "one",
  runNumber: 1,
  runName: "CI",
  commit: "c",
  madeFrom: [],
  createdAt: "2026-01-01T00:00:00Z",
  data: {},
  ...more,
});

describe("chainEdges", () => {
  test("W165 follows the ids that artifacts name, also across runs; ids that are gone are left out", () => {
    const links = [
      link("patch", "patch"),
      link("change", "pr_link", { madeFrom: ["patch", "gone"] }),
      link("notes", "release_notes", { runId: "two", commit: "d", madeFrom: ["change"] }),
    ];
    expect(chainEdges(links)).toEqual([
      { from: "patch", to: "change" },
      { from: "change", to: "notes" },
    ]);
  });

  test("W165 what names nothing follows the nearest stage before it in its own run", () => {
    const links = [
      link("patch", "patch"),
      link("tests", "test_report"),
      link("deploy", "deploy_url"),
      link("other", "deploy_url", { runId: "two" }),
    ];
    expect(chainEdges(links)).toEqual([
      { from: "patch", to: "tests" },
      { from: "tests", to: "deploy" },
    ]);
  });
});

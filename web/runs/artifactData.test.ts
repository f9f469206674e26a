import { describe, expect, it } from "vitest";
import type { Artifact, ArtifactKind } from "../../shared/run/events.ts";
import { deployOf, testNumbers, testReportOf } from "./artifactData.ts";

const artifact = (kind: ArtifactKind, data: Artifact["data"]): Artifact => ({
  id: "5b1c2f5e-8a52-4b43-9d0c-6f1f0a8f6a11",
  kind,
  name: kind,
  stepId: "test",
  sha256: "",
  size: 0,
  data,
  madeFrom: [],
});

describe("artifacts as the page reads them", () => {
  it("gives the numbers of a test report, whatever else it holds", () => {
    const report = testReportOf(
      artifact("test_report", {
        passed: 13,
        failed: 1,
        skipped: 2,
        source: "tap",
        failures: ["rounds"],
        more: 1,
      }),
    );
    expect(report).toMatchObject({ passed: 13, failed: 1, failures: ["rounds"] });
    expect(report && testNumbers(report)).toBe("13 passed, 1 failed, 2 skipped");
    expect(testReportOf(artifact("test_report", { source: "tap" }))).toBeNull();
    expect(testReportOf(artifact("metrics", { passed: 1, failed: 0 }))).toBeNull();
  });

  it("links a deployment only to a web address", () => {
    expect(deployOf(artifact("deploy_url", { url: "http://shop.localhost:3000/" }))?.target).toBe("preview");
    expect(deployOf(artifact("deploy_url", { url: "javascript:alert(1)" }))).toBeNull();
  });
});

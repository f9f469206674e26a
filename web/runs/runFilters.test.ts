import { describe, expect, test } from "vitest";
import { toRunFilter } from "./runFilters.ts";

describe("toRunFilter", () => {
  test("W160 the URL's filters become the server's", () => {
    const now = Date.parse("2026-01-02T00:00:00Z");
    expect(
      toRunFilter(
        { status: "failed", workflow: "ci.yaml", trigger: "cron", ref: "main", text: " fix ", since: "day" },
        now,
      ),
    ).toEqual({
      status: "failed",
      workflowPath: "ci.yaml",
      trigger: "cron",
      ref: "main",
      text: "fix",
      since: "2026-01-01T00:00:00.000Z",
    });
  });

  test("W160 what means nothing is left out", () => {
    expect(
      toRunFilter(
        { status: "nope", trigger: "toString", actor: "me", text: "  ", since: "never", workflow: "" },
        0,
      ),
    ).toEqual({});
  });
});

import { TRPCError } from "@trpc/server";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { CoderError, toErrorBody } from "../shared/errors.ts";
import { toClosedError } from "./closedError.ts";

/** What postgres.js throws, as far as we read it. */
function serverError(code: string, message: string, routine = "aclcheck_error"): Error {
  return Object.assign(new Error(message), { code, routine });
}
const raised = (code: string, message: string) => serverError(code, message, "exec_stmt_raise");

describe("toClosedError", () => {
  test.each([
    ["P0002", "not_found"],
    ["42501", "forbidden"],
    ["23505", "conflict"],
    ["23503", "conflict"],
    ["22023", "bad_input"],
    ["22P02", "bad_input"],
    ["57014", "timeout"],
    ["40001", "unavailable"],
    ["40P01", "unavailable"],
    ["57P01", "unavailable"],
    ["08006", "unavailable"],
    ["53300", "unavailable"],
    ["ECONNREFUSED", "unavailable"],
    ["42P01", "internal"],
    ["XX000", "internal"],
  ])("Postgres' %s is %s", (code, expected) => {
    expect(toClosedError(serverError(code, "x")).code).toBe(expected);
  });

  test.each([
    "Connection terminated unexpectedly",
    "Connection terminated due to connection timeout",
    "timeout exceeded when trying to connect",
    "Client has encountered a connection error and is not queryable",
  ])("pg's %s is unavailable", (message) => {
    expect(toClosedError(new Error(message)).code).toBe("unavailable");
  });

  test("only what our own functions raise is shown", () => {
    const ours = raised("42501", "A viewer cannot change this");
    expect(toErrorBody(toClosedError(ours)).error.message).toBe("A viewer cannot change this");
    for (const code of ["42501", "23505", "22P02", "57P01", "42P01"]) {
      const native = toErrorBody(toClosedError(serverError(code, 'permission denied for table "secrets"')));
      expect(native.error.message).not.toContain("secrets");
    }
    const internal = toErrorBody(toClosedError(raised("XX000", "fenced by worker 7")));
    expect(internal.error.message).not.toContain("worker");
  });

  test("what tRPC wraps is found again", () => {
    const cause = new CoderError("gone", "It was here", { details: { since: 1 } });
    const wrapped = new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause });
    expect(toClosedError(wrapped)).toBe(cause);
    const database = new TRPCError({ code: "INTERNAL_SERVER_ERROR", cause: raised("P0002", "No such run") });
    expect(toClosedError(database)).toMatchObject({ code: "not_found", message: "No such run" });
    const parsed = z.object({ id: z.uuid() }).safeParse({ id: 1 });
    const input = new TRPCError({ code: "BAD_REQUEST", cause: parsed.error });
    expect(toClosedError(input)).toMatchObject({ code: "bad_input" });
    expect(toClosedError(input).message).toContain("id");
  });

  test("anything else is internal, and its message stays here", () => {
    for (const thrown of [new TypeError("x is undefined"), "text", undefined, null, { code: "P0002" }]) {
      const error = toClosedError(thrown);
      expect(error.code).toBe("internal");
      expect(toErrorBody(error).error.message).toBe(
        "Something went wrong on the server; its log has the cause.",
      );
    }
  });
});

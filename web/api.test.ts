import { describe, expect, it } from "vitest";
import { CoderError } from "../shared/errors.ts";
import { makeApi } from "./api.ts";

/** The API with a server that answers every call of a batch with `answer`. */
const apiAnswering = (answer: () => Response, seen: Request[] = []) =>
  makeApi({
    url: "http://server/functions/v1/api",
    anonKey: "anon",
    accessToken: () => Promise.resolve("token"),
    fetch: (input, init) => {
      seen.push(new Request(input, init));
      return Promise.resolve(answer());
    },
  });

const caught = async (promise: Promise<unknown>): Promise<CoderError> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CoderError);
  return error as CoderError;
};

describe("the API client", () => {
  it("calls by path with the caller's token and gives the data", async () => {
    const seen: Request[] = [];
    const me = { user: { id: "u", email: "a@b.c", name: "a" }, orgs: [] };
    const api = apiAnswering(() => Response.json([{ result: { data: me } }]), seen);
    expect(await api.session.me.query()).toEqual(me);
    expect(new URL(seen[0]!.url).pathname).toBe("/functions/v1/api/trpc/session.me");
    expect(seen[0]!.headers.get("authorization")).toBe("Bearer token");
  });

  it("rejects with the code, message and details that the server meant", async () => {
    const error = {
      message: "The head moved",
      code: -32009,
      data: { code: "conflict", details: { paths: ["a"] } },
    };
    const api = apiAnswering(() => Response.json([{ error }], { status: 409 }));
    const thrown = await caught(api.changes.merge.mutate({ projectId: "p", number: 1, expectedHead: "h" }));
    expect(thrown).toMatchObject({ code: "conflict", message: "The head moved", details: { paths: ["a"] } });
  });

  it("calls no answer at all unavailable", async () => {
    const api = makeApi({
      url: "http://server",
      anonKey: "anon",
      accessToken: () => Promise.resolve(null),
      fetch: () => Promise.reject(new TypeError("Failed to fetch")),
    });
    expect((await caught(api.session.me.query())).code).toBe("unavailable");
  });
});

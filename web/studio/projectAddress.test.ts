import { expect, test } from "vitest";
import { projectAddress } from "./projectAddress.ts";

const at = (path: string) => projectAddress(new URL(path, "http://localhost"));

test("the URL of a project names it, whatever is asked for in it", () => {
  expect(at("/acme/shop")).toEqual({ org: "acme", slug: "shop" });
  expect(at("/%C3%A4/shop/?file=src/App.tsx#L3")).toEqual({ org: "ä", slug: "shop" });
});

test.each([
  "/",
  "/signin",
  "/inbox/decided",
  "/settings/tokens",
  "/acme/settings",
  "/acme/audit",
  "/acme/runs",
  "/acme/shop/runs",
  "/acme/shop/runs/1",
  "/%E0%A4%A/shop",
])("%s opens no project", (path) => {
  expect(at(path)).toBeNull();
});

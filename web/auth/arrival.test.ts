import { describe, expect, it } from "vitest";
import { arrivalAddress, arrivalFailure } from "./arrival.ts";

describe("coming back from a sign-in elsewhere", () => {
  const next = () => "/acme/shop/runs/4?step=test";

  it("goes to the sign-in page with the outcome and the page that was asked for", () => {
    expect(arrivalAddress("/", "#access_token=t&type=magiclink", next)).toBe(
      "/signin?next=%2Facme%2Fshop%2Fruns%2F4%3Fstep%3Dtest#access_token=t&type=magiclink",
    );
    expect(arrivalAddress("/", "#error=access_denied&error_description=expired", next)).toContain("/signin?");
  });

  it("leaves every other address alone", () => {
    expect(arrivalAddress("/", "", next)).toBeNull();
    expect(arrivalAddress("/acme/shop", "#access_token=t", next)).toBeNull();
    expect(arrivalAddress("/", "#L120", next)).toBeNull();
  });

  it("reads why a link failed", () => {
    expect(arrivalFailure("#error=access_denied&error_description=Email+link+has+expired")).toBe(
      "Email link has expired",
    );
    expect(arrivalFailure("#access_token=t")).toBeNull();
  });
});

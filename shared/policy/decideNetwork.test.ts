import { expect, it } from "vitest";
import { policiesSchema } from "../workflow/schema.ts";
import { allowedDomains, decideNetwork } from "./decideNetwork.ts";

const setting = { registryHosts: ["packages.test", "localhost:4873"] };
const network = (...allowed_domains: string[]) =>
  policiesSchema.parse({ network: { allowed_domains } }).network;
const kind = (host: string, domains: string[], port?: number): string =>
  decideNetwork(port === undefined ? { host } : { host, port }, network(...domains), setting).kind;

it("W55 by default only the package registry in use is reached", () => {
  const { network: standard } = policiesSchema.parse({});
  expect(decideNetwork({ host: "packages.test", port: 443 }, standard, setting)).toEqual({
    kind: "allow",
    rule: "network.allowed_domains[0]",
  });
  expect(decideNetwork({ host: "localhost", port: 4873 }, standard, setting).kind).toBe("allow");
  expect(decideNetwork({ host: "localhost", port: 22 }, standard, setting).kind).toBe("deny");
  expect(decideNetwork({ host: "example.com" }, standard, setting)).toEqual({
    kind: "deny",
    rule: "network.allowed_domains",
    message: "example.com is not in policies.network.allowed_domains.",
  });
});

it("W55 a name covers itself, a star every name below", () => {
  expect(kind("api.example.com", ["api.example.com"])).toBe("allow");
  expect(kind("example.com", ["*.example.com"])).toBe("deny");
  expect(kind("a.b.example.com", ["*.example.com"])).toBe("allow");
  expect(kind("evilexample.com", ["*.example.com"])).toBe("deny");
  expect(kind("example.com.evil.org", ["example.com", "*.example.com"])).toBe("deny");
  expect(kind("sub.api.example.com", ["api.example.com"])).toBe("deny");
});

it("W55 case, a trailing dot and Unicode do not make another host", () => {
  expect(kind("API.Example.COM", ["api.example.com"])).toBe("allow");
  expect(kind("api.example.com.", ["api.example.com"])).toBe("allow");
  expect(kind("bücher.example", ["xn--bcher-kva.example"])).toBe("allow");
});

it.each([
  "",
  " ",
  "a b",
  "user@example.com",
  "example.com/path",
  "example.com#",
  ".example.com",
  "example.com..",
  "%65xample.com",
  "a\\b",
])("W55 %j is no host", (host) => {
  expect(decideNetwork({ host }, network("example.com", "*.example.com"), setting)).toMatchObject({
    kind: "deny",
    rule: "network.host",
  });
});

it("W55 an address is reached only when it is listed, however it is written", () => {
  expect(kind("169.254.169.254", ["example.com", "*.example.com", "registry"])).toBe("deny");
  expect(kind("0x7f.1", ["127.0.0.1"])).toBe("allow");
  expect(kind("2130706433", ["example.com"])).toBe("deny");
  expect(kind("::1", ["registry"])).toBe("deny");
});

it("W55 the sandbox gets the hosts that the list stands for, each once", () => {
  expect(allowedDomains(network("registry", "api.example.com", "packages.test"), setting)).toEqual([
    "packages.test",
    "localhost:4873",
    "api.example.com",
  ]);
});

import type { Policies } from "../workflow/schema.ts";
import type { Decision } from "./decision.ts";

/** The hosts (`name` or `name:port`) that the word `registry` of a file stands for in this installation. */
export interface NetworkSetting {
  registryHosts: readonly string[];
}

/**
 * Whether the sandbox may connect to a host. `example.com` covers that host alone, `*.example.com` every host below
 * it, `name:port` one port; without a port any is meant. An address in digits counts only when listed as it is.
 */
export function decideNetwork(
  target: { host: string; port?: number },
  network: Policies["network"],
  { registryHosts }: NetworkSetting,
): Decision {
  const host = normalizeHost(target.host);
  if (host === undefined) {
    const message = `${JSON.stringify(target.host)} is not a host name.`;
    return { kind: "deny", rule: "network.host", message };
  }
  const index = network.allowed_domains.findIndex((entry) =>
    (entry === "registry" ? registryHosts : [entry]).some((one) => covers(one, host, target.port)),
  );
  if (index !== -1) return { kind: "allow", rule: `network.allowed_domains[${index}]` };
  return {
    kind: "deny",
    rule: "network.allowed_domains",
    message: `${host} is not in policies.network.allowed_domains.`,
  };
}

/** The hosts that `registry` stands for where the package registry is at this URL. */
export function registryHostsOf(registry: string): string[] {
  const { hostname, port } = new URL(registry);
  // One on this machine is the owner's choice, by whichever of the names of this machine it is reached.
  const names = hostname === "localhost" ? ["localhost", "127.0.0.1", "[::1]"] : [hostname];
  return names.map((name) => (port === "" ? name : `${name}:${port}`));
}

/** The list that a proxy takes: `registry` replaced by the hosts in use, no duplicates. */
export function allowedDomains(network: Policies["network"], { registryHosts }: NetworkSetting): string[] {
  return [
    ...new Set(network.allowed_domains.flatMap((entry) => (entry === "registry" ? registryHosts : [entry]))),
  ];
}

/** Lower case, punycode, no trailing dot; undefined for what is not a host. The URL parser knows the tricks. */
function normalizeHost(host: string): string | undefined {
  if (host === "" || /[\s/@?#\\%]/.test(host) || host.startsWith(".") || host.endsWith(".."))
    return undefined;
  const bare = host.endsWith(".") ? host.slice(0, -1) : host;
  const inUrl = bare.includes(":") && !bare.startsWith("[") ? `[${bare}]` : bare;
  return URL.canParse(`https://${inUrl}/`) ? new URL(`https://${inUrl}/`).hostname : undefined;
}

function covers(entry: string, host: string, port: number | undefined): boolean {
  const parts = /^(\*\.)?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase());
  const name = normalizeHost(parts?.[2] ?? "");
  if (parts === null || name === undefined) return false;
  if (parts[3] !== undefined && Number(parts[3]) !== port) return false;
  return parts[1] === undefined ? host === name : host.endsWith(`.${name}`);
}

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { CoderError } from "../../../shared/errors.ts";
import { git, gitConfig } from "./git.ts";
import type { Repository } from "./repository.ts";

/** Addresses that a server must not be talked into asking (IANA special-purpose registries). */
const internal = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  internal.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["::", 127],
  ["64:ff9b::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["ff00::", 8],
  ["::ffff:0:0", 96],
] as const)
  internal.addSubnet(network, prefix, "ipv6");

/**
 * Fetches all branches and tags of a public repository into `repository`. Returns the remote's default branch, null if it has none.
 * Only http(s); the address is resolved once, checked and pinned, and redirects are not followed, so that the server
 * cannot be sent to its own network. `allowInternal` lifts that for a self-hoster's own machines.
 */
export async function importUrl(
  repository: Repository,
  url: string,
  allowInternal: boolean,
): Promise<string | null> {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol))
    throw new CoderError(
      "bad_input",
      `${JSON.stringify(url.slice(0, 200))} is not an http or https address of a git repository`,
    );
  if (parsed.username !== "" || parsed.password !== "")
    throw new CoderError(
      "bad_input",
      "Leave the password out of the address; import private repositories by pushing them",
    );
  const settings: Record<string, string> = {
    "http.followRedirects": "false",
    "fetch.fsckObjects": "true",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    ...(await pinnedAddress(parsed, allowInternal)),
  };
  const env = gitConfig(settings);
  const options = { cwd: repository.directory, env, timeoutMs: 300_000 };
  const head = await git(["ls-remote", "--symref", parsed.href, "HEAD"], {
    ...options,
    timeoutMs: 30_000,
    expected: [0, 128],
  });
  if (head.exitCode !== 0)
    throw new CoderError("bad_input", `${parsed.href} cannot be read: ${lastLine(head.stderr)}`);
  const fetched = await git(
    [
      "fetch",
      "--quiet",
      "--no-write-fetch-head",
      parsed.href,
      "+refs/heads/*:refs/heads/*",
      "+refs/tags/*:refs/tags/*",
    ],
    {
      ...options,
      expected: [0, 1, 128],
    },
  );
  if (fetched.exitCode !== 0)
    throw new CoderError("bad_input", `${parsed.href} could not be fetched: ${lastLine(fetched.stderr)}`);
  return /^ref: refs\/heads\/(\S+)\tHEAD/m.exec(head.stdout.toString())?.[1] ?? null;
}

async function pinnedAddress(url: URL, allowInternal: boolean): Promise<Record<string, string>> {
  if (allowInternal) return {};
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const addresses = isIP(host)
    ? [{ address: host, family: isIP(host) }]
    : await lookup(host, { all: true }).catch((cause: unknown) => {
        throw new CoderError("bad_input", `The host ${host} cannot be found`, { cause });
      });
  const first = addresses[0];
  if (
    first === undefined ||
    addresses.some(({ address, family }) => internal.check(address, family === 6 ? "ipv6" : "ipv4"))
  )
    throw new CoderError(
      "forbidden",
      `${host} is an internal address; set CODER_ALLOW_INTERNAL_IMPORT=1 on the server to allow it`,
    );
  if (isIP(host)) return {};
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return {
    "http.curloptResolve": `${host}:${port}:${first.family === 6 ? `[${first.address}]` : first.address}`,
  };
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^(?:fatal|error): /, "") ?? "no reason given"
  );
}

/** What a request's Host header names on this server. */
export type HostKind =
  /** The Studio and the APIs, at `localhost` or a loopback address. */
  | { kind: "studio"; origin: string }
  /** A site or a runtime's origin: `<label>.localhost`. */
  | { kind: "site"; label: string };

/**
 * Reads a Host header; undefined for any name that is not this machine's. A page of another name that its owner points
 * at 127.0.0.1 (DNS rebinding) arrives here with that name, and is refused by it.
 */
export function readHost(host: string | undefined): HostKind | undefined {
  const match = /^(\[::1\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/i.exec(host ?? "");
  const name = match?.[1]?.toLowerCase();
  if (match === null || name === undefined) return undefined;
  if (name === "localhost" || name === "127.0.0.1" || name === "[::1]") {
    return { kind: "studio", origin: `http://${name}${match[2] === undefined ? "" : `:${match[2]}`}` };
  }
  const label = /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.localhost$/.exec(name)?.[1];
  return label === undefined ? undefined : { kind: "site", label };
}

/**
 * Whether a browser's request comes from a page of another origin. Programs send neither header.
 * `same-site` is foreign too: sites and previews live on neighbours of our name, and hold other people's code.
 */
export function isForeign(request: Request, ownOrigin: string): boolean {
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== ownOrigin) return true;
  const site = request.headers.get("sec-fetch-site");
  return site === "cross-site" || site === "same-site";
}

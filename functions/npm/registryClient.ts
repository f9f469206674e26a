import { CoderError } from "../../shared/errors.ts";
import { isPackageName } from "./packageSpec.ts";
import { nearestName } from "./nearestName.ts";
import type { Packument, VersionManifest } from "./packument.ts";
import { trimPackument } from "./packument.ts";

export interface RegistryOptions {
  /** Base address, e.g. the value of `npm config get registry`. The only host that is ever contacted. */
  registry: string;
  fetch?: typeof fetch;
  /** Sent to the registry as a bearer token, and to nobody else. */
  authToken?: string;
  /** How long a packument is used without asking again, in milliseconds. Default 5 minutes. */
  freshMs?: number;
  /** Bound of the packument cache in bytes of registry JSON. Default 256 MB. */
  maxCacheBytes?: number;
}

export interface RegistryClient {
  /** The trimmed packument. Throws `not_found` (with the nearest known name) or `unavailable`. */
  packument(name: string): Promise<Packument>;
  /** The packument if it is cached, without any request. */
  cached(name: string): Packument | undefined;
  /** The tarball's response, body unread. Throws `not_found` or `unavailable`. */
  tarball(name: string, version: string): Promise<Response>;
}

interface CacheEntry {
  packument: Packument;
  etag: string | null;
  bytes: number;
  fetchedAt: number;
}

const concurrentRequests = 24;
const requestTimeoutMs = 30_000;
const maxPackumentBytes = 64 * 1024 * 1024;
const maxRedirects = 3;
const retryDelaysMs = [100, 400];

/** Runs at most `limit` tasks at a time, first come first served. */
function createLimiter(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The slot is handed over rather than freed, so a newcomer cannot overtake those who wait.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function unavailable(name: string, cause: unknown): CoderError {
  return new CoderError(
    "unavailable",
    `The package registry did not answer for "${name}". Try again in a moment.`,
    {
      cause,
      details: { reason: "registry_unavailable", package: name },
    },
  );
}

function unknownPackage(name: string, hint: string | undefined): CoderError {
  const advice = hint === undefined ? "Check its spelling in package.json." : `Did you mean "${hint}"?`;
  return new CoderError("not_found", `There is no package "${name}" in the registry. ${advice}`, {
    details: { reason: "unknown_package", package: name, ...(hint === undefined ? {} : { hint }) },
  });
}

/** Asks the configured registry, with a bounded packument cache, a concurrency limit and retries of passing failures. */
export function createRegistryClient(options: RegistryOptions): RegistryClient {
  const base = new URL(options.registry.endsWith("/") ? options.registry : `${options.registry}/`);
  const doFetch = options.fetch ?? fetch;
  const freshMs = options.freshMs ?? 5 * 60_000;
  const maxCacheBytes = options.maxCacheBytes ?? 256 * 1024 * 1024;
  const limit = createLimiter(concurrentRequests);
  // A Map keeps insertion order: the first key is the least recently used one.
  const cache = new Map<string, CacheEntry>();
  const pending = new Map<string, Promise<Packument>>();
  let cachedBytes = 0;

  function remember(name: string, entry: CacheEntry): void {
    cachedBytes += entry.bytes - (cache.get(name)?.bytes ?? 0);
    cache.delete(name);
    cache.set(name, entry);
    for (const [oldest, { bytes }] of cache) {
      if (cachedBytes <= maxCacheBytes || oldest === name) break;
      cache.delete(oldest);
      cachedBytes -= bytes;
    }
  }

  /** One request, following redirects only inside the registry's own origin. */
  async function request(url: URL, headers: Record<string, string>): Promise<Response> {
    let target = url;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      if (target.origin !== base.origin) throw new Error("the registry redirected to another host");
      const authorization =
        options.authToken === undefined ? {} : { authorization: `Bearer ${options.authToken}` };
      // The deadline is for the headers only: a slow but steady download of a large tarball is no failure.
      const deadline = new AbortController();
      const timer = setTimeout(
        () => deadline.abort(new Error("the registry did not answer in time")),
        requestTimeoutMs,
      );
      const response = await doFetch(target, {
        headers: { ...headers, ...authorization },
        redirect: "manual",
        signal: deadline.signal,
      }).finally(() => clearTimeout(timer));
      const location = response.headers.get("location");
      if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null)
        return response;
      await response.body?.cancel();
      target = new URL(location, target);
    }
    throw new Error("the registry redirects in a circle");
  }

  async function requestWithRetry(
    url: URL,
    headers: Record<string, string>,
    name: string,
  ): Promise<Response> {
    for (let attempt = 0; ; attempt += 1) {
      const delay = retryDelaysMs[attempt];
      try {
        const response = await request(url, headers);
        if (response.status < 500 && response.status !== 429) return response;
        await response.body?.cancel();
        if (delay === undefined) throw unavailable(name, new Error(`status ${response.status}`));
      } catch (error) {
        if (error instanceof CoderError) throw error;
        if (delay === undefined) throw unavailable(name, error);
      }
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  function packumentUrl(name: string): URL {
    return new URL(name.replace("/", "%2f"), base);
  }

  async function load(name: string): Promise<Packument> {
    const known = cache.get(name);
    const response = await requestWithRetry(
      packumentUrl(name),
      {
        accept: "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8",
        ...(known?.etag ? { "if-none-match": known.etag } : {}),
      },
      name,
    );
    if (response.status === 304 && known !== undefined) {
      remember(name, { ...known, fetchedAt: Date.now() });
      return known.packument;
    }
    if (response.status === 404 || response.status === 403 || response.status === 401) {
      await response.body?.cancel();
      throw unknownPackage(name, nearestName(name, cache.keys()));
    }
    if (!response.ok) throw unavailable(name, new Error(`status ${response.status}`));
    const text = await response.text();
    if (text.length > maxPackumentBytes) {
      throw new CoderError("too_large", `The registry's description of "${name}" is too large to read.`);
    }
    const packument = trimPackument(name, parseJson(name, text));
    remember(name, {
      packument,
      etag: response.headers.get("etag"),
      bytes: text.length,
      fetchedAt: Date.now(),
    });
    return packument;
  }

  function parseJson(name: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw unavailable(name, cause);
    }
  }

  async function packument(name: string): Promise<Packument> {
    if (!isPackageName(name)) throw new CoderError("bad_input", `"${name}" is not a valid package name.`);
    const known = cache.get(name);
    if (known !== undefined && Date.now() - known.fetchedAt < freshMs) {
      remember(name, known);
      return known.packument;
    }
    const running = pending.get(name) ?? limit(() => load(name)).finally(() => pending.delete(name));
    pending.set(name, running);
    return running;
  }

  /** Where the registry says the tarball is; its host is replaced by ours, as npm's `replace-registry-host` does. */
  function statedTarballUrl(manifest: VersionManifest): URL {
    const stated = new URL(manifest.dist.tarball, base);
    return new URL(stated.pathname, base.origin);
  }

  async function tarball(name: string, version: string): Promise<Response> {
    const file = `${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
    const accept = { accept: "application/octet-stream, */*; q=0.8" };
    const usual = await requestWithRetry(new URL(`${name}/-/${file}`, base), accept, name);
    if (usual.ok) return usual;
    await usual.body?.cancel();
    const manifest = (await packument(name)).versions[version];
    if (manifest === undefined) {
      throw new CoderError("not_found", `There is no version ${version} of "${name}" in the registry.`, {
        details: { reason: "no_matching_version", package: name, spec: version },
      });
    }
    const stated = await requestWithRetry(statedTarballUrl(manifest), accept, name);
    if (stated.ok) return stated;
    await stated.body?.cancel();
    throw unavailable(name, new Error(`status ${stated.status}`));
  }

  return { packument, cached: (name) => cache.get(name)?.packument, tarball };
}

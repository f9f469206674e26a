import { z } from "zod";
import { CoderError, toCoderError, toErrorBody } from "../../shared/errors.ts";
import type { Overrides } from "./overrides.ts";
import { isExactVersion, isPackageName } from "./packageSpec.ts";
import { binOf } from "./packument.ts";
import type { RegistryClient, RegistryOptions } from "./registryClient.ts";
import { createRegistryClient } from "./registryClient.ts";
import { resolveLock } from "./resolveLock.ts";
import { resolvePlan } from "./resolvePlan.ts";

const specs = z.record(z.string().max(214), z.string().max(512)).optional();
const overridesSchema: z.ZodType<Overrides> = z.lazy(() =>
  z.record(z.string(), z.union([z.string(), overridesSchema])),
);

const projectSchema = z.object({
  name: z.string().max(214).optional(),
  version: z.string().max(256).optional(),
  dependencies: specs.default({}),
  devDependencies: specs,
  optionalDependencies: specs,
  overrides: overridesSchema.optional(),
  lock: z.string().optional(),
});

const resolveSchema = projectSchema.extend({ exclude: z.array(z.string().max(214)).max(1000).optional() });

/** Lock files of large projects reach a few megabytes. */
const maxBodyBytes = 16 * 1024 * 1024;
const maxTarballBytes = 128 * 1024 * 1024;

/**
 * The package registry behind our own origin, so that a browser needs no other:
 * - `GET /npm/<name>` the packument, its tarballs pointing here
 * - `GET /npm/-/tarball/<name>/<version>.tgz` a tarball, streamed
 * - `POST /npm/-/resolve` `ResolveRequest` to `InstallPlan`
 * - `POST /npm/-/lock` `LockRequest` to `{ lock }`, the text of a package-lock.json for every platform
 * Errors are JSON `ErrorBody`s. Only the configured registry is contacted and its address is never in an answer.
 */
export function createNpmHandler(options: RegistryOptions): (request: Request) => Promise<Response> {
  const registry = createRegistryClient(options);
  return async (request) => {
    try {
      return await route(registry, request);
    } catch (thrown) {
      const error = toCoderError(thrown);
      return json(toErrorBody(error), error.httpStatus);
    }
  };
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

async function route(registry: RegistryClient, request: Request): Promise<Response> {
  const url = new URL(request.url);
  const path = decodePath(url.pathname);
  if (path === "/npm/-/resolve") {
    requireMethod(request, "POST");
    return json(await resolvePlan(registry, await readProject(request, resolveSchema)));
  }
  if (path === "/npm/-/lock") {
    requireMethod(request, "POST");
    return json({ lock: await resolveLock(registry, await readProject(request, projectSchema)) });
  }
  requireMethod(request, "GET");
  const tarball = /^\/npm\/-\/tarball\/(.+)\/([^/]+)\.tgz$/.exec(path);
  if (tarball?.[1] !== undefined && tarball[2] !== undefined)
    return sendTarball(registry, tarball[1], tarball[2]);
  const name = path.slice("/npm/".length);
  if (!path.startsWith("/npm/") || !isPackageName(name)) {
    throw new CoderError("not_found", `There is no ${path} here.`);
  }
  return sendPackument(registry, name, url.origin);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (cause) {
    throw new CoderError("bad_input", "The address is not valid percent-encoding.", { cause });
  }
}

function requireMethod(request: Request, method: "GET" | "POST"): void {
  if (request.method !== method)
    throw new CoderError("bad_input", `This address answers ${method}, not ${request.method}.`);
}

async function readProject<T>(request: Request, schema: z.ZodType<T>): Promise<T> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  const text = declared > maxBodyBytes ? undefined : await request.text();
  if (text === undefined || text.length > maxBodyBytes)
    throw new CoderError("too_large", "package.json and its lock file are over 16 MB.");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new CoderError("bad_input", "The request is not JSON.", { cause });
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new CoderError(
    "bad_input",
    `The dependencies in package.json cannot be read: ${z.prettifyError(result.error)}`,
    {
      details: { reason: "invalid_manifest" },
    },
  );
}

async function sendPackument(registry: RegistryClient, name: string, origin: string): Promise<Response> {
  const packument = await registry.packument(name);
  const versions: Record<string, unknown> = {};
  for (const version of Object.keys(packument.versions)) {
    const manifest = packument.versions[version];
    if (manifest === undefined) continue;
    const dist = { ...manifest.dist, tarball: `${origin}/npm/-/tarball/${name}/${version}.tgz` };
    versions[version] = { ...manifest, bin: binOf(manifest), dist };
  }
  const body = { name, "dist-tags": packument.distTags, versions };
  return json(body, 200, {
    "content-type": "application/vnd.npm.install-v1+json",
    "cache-control": "public, max-age=300",
  });
}

async function sendTarball(registry: RegistryClient, name: string, version: string): Promise<Response> {
  if (!isPackageName(name) || !isExactVersion(version)) {
    throw new CoderError("bad_input", `"${name}" at "${version}" does not name one version of a package.`);
  }
  const upstream = await registry.tarball(name, version);
  const length = upstream.headers.get("content-length");
  const isEncoded = upstream.headers.has("content-encoding");
  if (Number(length ?? 0) > maxTarballBytes) {
    await upstream.body?.cancel();
    throw tooLarge(name, version);
  }
  return new Response(upstream.body?.pipeThrough(byteLimit(name, version)) ?? null, {
    headers: {
      "content-type": "application/octet-stream",
      // A published version never changes: https://docs.npmjs.com/policies/unpublish
      "cache-control": "public, max-age=31536000, immutable",
      "x-content-type-options": "nosniff",
      ...(length === null || isEncoded ? {} : { "content-length": length }),
    },
  });
}

function tooLarge(name: string, version: string): CoderError {
  return new CoderError(
    "too_large",
    `The package ${name}@${version} is over 128 MB. Use the server workspace.`,
  );
}

function byteLimit(
  name: string,
  version: string,
): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes > maxTarballBytes) controller.error(tooLarge(name, version));
      else controller.enqueue(chunk);
    },
  });
}

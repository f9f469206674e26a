import semver from "semver";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import { satisfies } from "./packageSpec.ts";

const dependencyMap = z.record(z.string(), z.string());

/** Old packages carry odd values ("dependencies": [] or numbers); the registry's own clients read those as absent. */
const lenientMap = dependencyMap.optional().catch(undefined);

const manifestSchema = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: lenientMap,
  optionalDependencies: lenientMap,
  peerDependencies: lenientMap,
  peerDependenciesMeta: z
    .record(z.string(), z.object({ optional: z.boolean().optional() }))
    .optional()
    .catch(undefined),
  bin: z.union([z.string(), dependencyMap]).optional().catch(undefined),
  os: z.array(z.string()).optional().catch(undefined),
  cpu: z.array(z.string()).optional().catch(undefined),
  engines: lenientMap,
  deprecated: z.union([z.string(), z.boolean()]).optional().catch(undefined),
  hasInstallScript: z.boolean().optional().catch(undefined),
  libc: z.array(z.string()).optional().catch(undefined),
  /** Only in the full form, which lacks `hasInstallScript`. */
  scripts: lenientMap,
  dist: z.object({
    tarball: z.string(),
    shasum: z.string().optional(),
    integrity: z.string().optional(),
    unpackedSize: z.number().optional(),
  }),
});

/** One version as far as an installation needs it: the registry's abbreviated form, or less. */
export type VersionManifest = z.infer<typeof manifestSchema>;

export interface Packument {
  name: string;
  distTags: Record<string, string>;
  versions: Record<string, VersionManifest>;
}

const packumentSchema = z.object({
  "dist-tags": dependencyMap.optional(),
  versions: z.record(z.string(), z.unknown()).optional(),
});

/** A version is validated when it is first looked at: packages have thousands and an installation wants one. */
function lazyVersions(raw: Record<string, unknown>): Record<string, VersionManifest> {
  const parsed = new Map<string, VersionManifest | undefined>();
  return new Proxy(raw as Record<string, VersionManifest>, {
    get(target, key) {
      if (typeof key !== "string" || !Object.hasOwn(target, key)) return undefined;
      if (!parsed.has(key)) parsed.set(key, manifestSchema.safeParse(target[key]).data);
      return parsed.get(key);
    },
  });
}

const keptFields = Object.keys(manifestSchema.shape);

/**
 * Reads a packument, keeping only what installations use (registries may answer the full form).
 * https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
 */
export function trimPackument(name: string, json: unknown): Packument {
  const result = packumentSchema.safeParse(json);
  if (!result.success) {
    throw new CoderError("unavailable", `The registry's answer for "${name}" is not a package description.`, {
      cause: result.error,
      details: { reason: "registry_unavailable", package: name },
    });
  }
  const versions: Record<string, unknown> = {};
  for (const [version, manifest] of Object.entries(result.data.versions ?? {})) {
    if (semver.valid(version) === null || typeof manifest !== "object" || manifest === null) continue;
    const source = manifest as Record<string, unknown>;
    versions[version] = Object.fromEntries(
      keptFields.filter((field) => field in source).map((field) => [field, source[field]]),
    );
  }
  return { name, distTags: result.data["dist-tags"] ?? {}, versions: lazyVersions(versions) };
}

/**
 * The version npm would take: the `latest` one if the range allows it, else the highest that is not deprecated,
 * else the highest. Throws `not_found` with `details.reason` "no_matching_version".
 * Same order of preference as https://github.com/npm/npm-pick-manifest.
 */
export function pickVersion(packument: Packument, range: string): VersionManifest {
  const tagged = packument.distTags[range] ?? (range === "*" ? packument.distTags.latest : undefined);
  const latest = packument.distTags.latest;
  const preferred = tagged ?? (latest !== undefined && satisfies(latest, range) ? latest : undefined);
  const manifest = preferred === undefined ? undefined : packument.versions[preferred];
  if (manifest !== undefined) return manifest;
  const matching = Object.keys(packument.versions)
    .filter((version) => satisfies(version, range))
    .sort((a, b) => semver.rcompare(a, b, true));
  const living = matching.find((version) => !packument.versions[version]?.deprecated) ?? matching[0];
  const chosen = living === undefined ? undefined : packument.versions[living];
  if (chosen !== undefined) return chosen;
  throw new CoderError(
    "not_found",
    `No version of "${packument.name}" matches "${range}"${latest === undefined ? "" : `; the latest is ${latest}`}. Change it in package.json.`,
    {
      details: {
        reason: "no_matching_version",
        package: packument.name,
        spec: range,
        ...(latest ? { latest } : {}),
      },
    },
  );
}

/** The integrity of a version in Subresource Integrity form; very old versions only have a SHA-1. */
export function integrityOf(manifest: VersionManifest): string {
  const { integrity, shasum } = manifest.dist;
  if (integrity !== undefined && integrity !== "") return integrity;
  if (shasum === undefined)
    throw new CoderError(
      "unavailable",
      `The registry has no checksum for ${manifest.name}@${manifest.version}.`,
    );
  const bytes = shasum.match(/../g)?.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))) ?? [];
  return `sha1-${btoa(bytes.join(""))}`;
}

/** The commands of a package by name; a single path is the command named like the package without its scope. */
export function binOf(manifest: {
  name: string;
  bin?: string | Record<string, string> | undefined;
}): Record<string, string> | undefined {
  if (manifest.bin === undefined) return undefined;
  if (typeof manifest.bin !== "string")
    return Object.keys(manifest.bin).length === 0 ? undefined : manifest.bin;
  return { [manifest.name.slice(manifest.name.indexOf("/") + 1)]: manifest.bin };
}

/**
 * Whether a package runs where user code runs in the browser runtime: `cpu` "wasm32", no operating system.
 * Packages that list systems or processors without that are native binaries.
 */
export function runsInBrowser(manifest: { os?: string[] | undefined; cpu?: string[] | undefined }): boolean {
  const allows = (list: string[] | undefined, value: string): boolean => {
    if (list === undefined || list.length === 0 || list.includes("any") || list.includes(value)) return true;
    return list.every((entry) => entry.startsWith("!")) && !list.includes(`!${value}`);
  };
  return allows(manifest.cpu, "wasm32") && allows(manifest.os, "browser");
}

/** Whether npm would run something when it installs the package. */
export function hasInstallScript({ hasInstallScript: stated, scripts = {} }: VersionManifest): boolean {
  return stated ?? ["preinstall", "install", "postinstall"].some((name) => name in scripts);
}

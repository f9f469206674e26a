import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import type { TreeNode } from "./dependencyTree.ts";
import { createRoot, placeNode } from "./dependencyTree.ts";
import { isExactVersion, isPackageName } from "./packageSpec.ts";

const map = z.record(z.string(), z.string()).optional().catch(undefined);

const entrySchema = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().optional(),
  optional: z.boolean().optional(),
  inBundle: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
  bin: map,
  os: z.array(z.string()).optional().catch(undefined),
  cpu: z.array(z.string()).optional().catch(undefined),
  libc: z.array(z.string()).optional().catch(undefined),
  engines: map,
  dependencies: map,
  devDependencies: map,
  optionalDependencies: map,
  peerDependencies: map,
  peerDependenciesMeta: z
    .record(z.string(), z.object({ optional: z.boolean().optional() }))
    .optional()
    .catch(undefined),
});

type LockEntry = z.infer<typeof entrySchema>;

interface OldEntry {
  version: string;
  resolved?: string | undefined;
  integrity?: string | undefined;
  optional?: boolean | undefined;
  requires?: Record<string, string> | undefined;
  dependencies?: Record<string, OldEntry> | undefined;
}

const oldEntrySchema: z.ZodType<OldEntry> = z.lazy(() =>
  z.object({
    version: z.string(),
    resolved: z.string().optional(),
    integrity: z.string().optional(),
    optional: z.boolean().optional(),
    requires: map,
    dependencies: z.record(z.string(), oldEntrySchema).optional(),
  }),
);

const lockSchema = z.object({
  lockfileVersion: z.number(),
  packages: z.record(z.string(), entrySchema).optional(),
  dependencies: z.record(z.string(), oldEntrySchema).optional(),
});

/** A lock file as a tree, and the specs its root was resolved for: an unchanged spec is not resolved again. */
export interface LockedTree {
  root: TreeNode;
  rootSpecs: Record<string, string>;
}

/** Version 1 nests packages instead of naming their paths; written by npm 5 and 6. */
function pathsOfVersion1(
  dependencies: Record<string, OldEntry>,
  prefix: string,
  packages: Record<string, LockEntry>,
): void {
  for (const [key, entry] of Object.entries(dependencies)) {
    const path = `${prefix}node_modules/${key}`;
    const { requires, dependencies: nested, ...rest } = entry;
    packages[path] = { ...rest, dependencies: requires };
    pathsOfVersion1(nested ?? {}, `${path}/`, packages);
  }
}

function keysOfPath(path: string): string[] | undefined {
  const keys = path.split("/node_modules/");
  const first = keys[0];
  if (first === undefined || !first.startsWith("node_modules/")) return undefined;
  keys[0] = first.slice("node_modules/".length);
  return keys.every(isPackageName) ? keys : undefined;
}

/** From an entry's registry address: an alias keeps its folder's name, so the real one may be `name` or this. */
function realName(entry: LockEntry, key: string): string {
  return entry.name ?? key;
}

function isFromRegistry(entry: LockEntry): boolean {
  if (entry.version === undefined || !isExactVersion(entry.version)) return false;
  return (
    entry.resolved === undefined ||
    /^https?:.*\.tgz(?:[?#]|$)/.test(entry.resolved) ||
    entry.resolved.startsWith("npm:")
  );
}

/**
 * Reads a package-lock.json (versions 1 to 3) into a tree of what lies where. Entries that are links or not from the
 * registry are left out, so that what needs them is resolved like any other dependency (and refused by name).
 * Throws `bad_input` for a file that is no lock file.
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
 */
export function readLockFile(text: string): LockedTree {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new CoderError("bad_input", "package-lock.json is not valid JSON. Delete it and install again.", {
      cause,
      details: { reason: "invalid_lock" },
    });
  }
  const result = lockSchema.safeParse(json);
  if (!result.success) {
    throw new CoderError(
      "bad_input",
      "package-lock.json does not have the form of a lock file. Delete it and install again.",
      {
        cause: result.error,
        details: { reason: "invalid_lock" },
      },
    );
  }
  const packages: Record<string, LockEntry> = { ...result.data.packages };
  if (result.data.packages === undefined) pathsOfVersion1(result.data.dependencies ?? {}, "", packages);
  return { root: buildTree(packages), rootSpecs: rootSpecsOf(packages[""]) };
}

function rootSpecsOf(entry: LockEntry | undefined): Record<string, string> {
  return {
    ...entry?.peerDependencies,
    ...entry?.devDependencies,
    ...entry?.optionalDependencies,
    ...entry?.dependencies,
  };
}

function buildTree(packages: Record<string, LockEntry>): TreeNode {
  const root = createRoot();
  const paths = Object.keys(packages).sort(
    (a, b) => a.split("/node_modules/").length - b.split("/node_modules/").length,
  );
  for (const path of paths) {
    const entry = packages[path];
    const keys = keysOfPath(path);
    if (entry === undefined || keys === undefined || entry.link === true || !isFromRegistry(entry)) continue;
    let parent: TreeNode | undefined = root;
    for (const key of keys.slice(0, -1)) parent = parent?.children.get(key);
    const key = keys.at(-1);
    const name = realName(entry, key ?? "");
    if (parent === undefined || key === undefined || !isPackageName(name)) continue;
    placeNode({
      key,
      parent,
      requiredBy: undefined,
      optional: entry.optional === true,
      locked: true,
      manifest: { ...entry, name, version: entry.version ?? "", integrity: entry.integrity },
    });
  }
  return root;
}

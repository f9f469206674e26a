import type { TreeNode } from "./dependencyTree.ts";
import { findUpwards, pathOf, usedNodes } from "./dependencyTree.ts";
import type { RegistryClient } from "./registryClient.ts";
import type { ResolveRequest } from "./resolution.ts";
import { edgesOf, resolveTree } from "./resolution.ts";
import { nodeIntegrity } from "./resolvePlan.ts";

export interface LockRequest extends Omit<ResolveRequest, "exclude" | "allPlatforms"> {
  /** The project's own name and version, which npm repeats in the lock file. */
  name?: string | undefined;
  version?: string | undefined;
}

/** Which packages are reached in which way; npm writes the complement of each into the lock file. */
interface Reach {
  always: Set<TreeNode>;
  production: Set<TreeNode>;
  productionAlways: Set<TreeNode>;
}

function reachable(root: TreeNode, keys: string[], withOptional: boolean): Set<TreeNode> {
  const found = new Set<TreeNode>();
  const queue = keys.flatMap((key) => findUpwards(root, key) ?? []);
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (!node.used || found.has(node)) continue;
    found.add(node);
    for (const { key, kind } of edgesOf(node)) {
      if (kind === "optional" && !withOptional) continue;
      const target = findUpwards(kind === "peer" ? (node.parent ?? root) : node, key);
      if (target !== undefined) queue.push(target);
    }
  }
  return found;
}

function reachOf(root: TreeNode, request: LockRequest): Reach {
  const production = Object.keys(request.dependencies);
  const optional = Object.keys(request.optionalDependencies ?? {});
  const development = Object.keys(request.devDependencies ?? {});
  return {
    always: reachable(root, [...production, ...development], false),
    production: reachable(root, [...production, ...optional], true),
    productionAlways: reachable(root, production, false),
  };
}

function flagsOf(node: TreeNode, reach: Reach): { dev?: true; optional?: true; devOptional?: true } {
  const isDev = !reach.production.has(node);
  const isOptional = !reach.always.has(node);
  if (!isDev && !isOptional && !reach.productionAlways.has(node)) return { devOptional: true };
  return { ...(isDev ? { dev: true as const } : {}), ...(isOptional ? { optional: true as const } : {}) };
}

function isFilled(value: unknown): boolean {
  if (value === undefined || value === false) return false;
  return typeof value !== "object" || value === null || Object.keys(value).length > 0;
}

/** Drops what is absent or empty and sorts maps, as npm writes lock files. */
function filled(entry: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(entry).filter(([, value]) => isFilled(value));
  return Object.fromEntries(kept.map(([key, value]) => [key, Array.isArray(value) ? value : sorted(value)]));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The package-lock.json (version 3) of a project for every platform, keeping what an existing one says. Registry
 * addresses are left out: npm then asks its configured registry. Throws as `resolveTree`.
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
 */
export async function resolveLock(registry: RegistryClient, request: LockRequest): Promise<string> {
  const { root } = await resolveTree(registry, { ...request, allPlatforms: true });
  const reach = reachOf(root, request);
  const { name, version, dependencies, devDependencies, optionalDependencies } = request;
  const entries = await Promise.all(
    usedNodes(root).map(async (node): Promise<[string, object]> => {
      const { manifest } = node;
      const entry = filled({
        name: node.name === node.key ? undefined : node.name,
        version: node.version,
        integrity: await nodeIntegrity(registry, node),
        ...flagsOf(node, reach),
        hasInstallScript: manifest?.hasInstallScript,
        bin: normalisedBins(manifest?.bin),
        cpu: manifest?.cpu,
        os: manifest?.os,
        libc: manifest?.libc,
        engines: manifest?.engines,
        dependencies: withoutOptional(manifest?.dependencies, manifest?.optionalDependencies),
        optionalDependencies: manifest?.optionalDependencies,
        peerDependencies: manifest?.peerDependencies,
        peerDependenciesMeta: manifest?.peerDependenciesMeta,
      });
      return [pathOf(node), entry];
    }),
  );
  const own = filled({ name, version, dependencies, devDependencies, optionalDependencies });
  const packages = { "": own, ...Object.fromEntries(entries) };
  const lock = { ...filled({ name, version }), lockfileVersion: 3, requires: true, packages };
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function normalisedBins(bins: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(bins).map(([name, file]) => [name, file.replace(/^\.\//, "")]));
}

function withoutOptional(
  dependencies: Record<string, string> = {},
  optional: Record<string, string> = {},
): Record<string, string> {
  return Object.fromEntries(Object.entries(dependencies).filter(([name]) => !(name in optional)));
}

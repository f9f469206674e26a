import type { TreeNode } from "./dependencyTree.ts";
import { pathOf, usedNodes } from "./dependencyTree.ts";
import { integrityOf, pickVersion } from "./packument.ts";
import type { RegistryClient } from "./registryClient.ts";
import type { ResolveRequest, SkippedPackage } from "./resolution.ts";
import { resolveTree } from "./resolution.ts";

export interface PlannedPackage {
  /** "node_modules/x", or nested where versions conflict. */
  path: string;
  name: string;
  version: string;
  /** Subresource Integrity of the tarball. */
  integrity: string;
  /** Path on our own origin. */
  tarball: string;
  bin?: Record<string, string>;
  optional?: true;
  /** It has a script to run at installation, which never runs here. */
  hasInstallScript?: true;
}

export interface InstallPlan {
  packages: PlannedPackage[];
  skipped: SkippedPackage[];
  /** Changes exactly when the packages do: hex SHA-256 over paths, versions and checksums. */
  hash: string;
}

/** Resolves a project's dependencies into what an installation fetches and where it puts it. Throws as `resolveTree`. */
export async function resolvePlan(registry: RegistryClient, request: ResolveRequest): Promise<InstallPlan> {
  const { root, skipped } = await resolveTree(registry, request);
  const packages = await Promise.all(usedNodes(root).map((node) => plannedPackage(registry, node)));
  const text = packages
    .map((entry) => `${entry.path} ${entry.name}@${entry.version} ${entry.integrity}\n`)
    .join("");
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const hash = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { packages, skipped, hash };
}

async function plannedPackage(registry: RegistryClient, node: TreeNode): Promise<PlannedPackage> {
  return {
    path: pathOf(node),
    name: node.name,
    version: node.version,
    integrity: await nodeIntegrity(registry, node),
    tarball: `/npm/-/tarball/${node.name}/${node.version}.tgz`,
    ...(node.manifest?.bin === undefined ? {} : { bin: node.manifest.bin }),
    ...(node.optional ? { optional: true as const } : {}),
    ...(node.manifest?.hasInstallScript === true ? { hasInstallScript: true as const } : {}),
  };
}

/** From the tree, or from the registry where a lock file does not say it. */
export async function nodeIntegrity(registry: RegistryClient, node: TreeNode): Promise<string> {
  return (
    node.manifest?.integrity ?? integrityOf(pickVersion(await registry.packument(node.name), node.version))
  );
}

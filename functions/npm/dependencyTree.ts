import type { VersionManifest } from "./packument.ts";

/** A package where it will lie on disk: `children` are the packages in its own `node_modules`. */
export interface TreeNode {
  /** The folder's name: the dependency's key, which for an alias is not the package's name. */
  key: string;
  name: string;
  version: string;
  parent: TreeNode | undefined;
  children: Map<string, TreeNode>;
  /** Absent in the root. From the registry, or from the lock file. */
  manifest: PackageManifest | undefined;
  /** Placed by the lock file: its own dependencies are trusted to be placed right too. */
  locked: boolean;
  /** Reached from the root; the rest of a lock file is left out. */
  used: boolean;
  /** Only reached through optional dependencies. */
  optional: boolean;
  /** Who asked for it first: the chain that overrides and messages speak of. */
  requiredBy: TreeNode | undefined;
  /** Names that something at or below this node resolves to a folder above it: placing one here would shadow it. */
  seenThrough: Set<string>;
}

/** What resolution needs to know about a package, whether the registry or a lock file said so. */
export interface PackageManifest extends Pick<
  VersionManifest,
  | "name"
  | "version"
  | "dependencies"
  | "optionalDependencies"
  | "peerDependencies"
  | "peerDependenciesMeta"
  | "os"
  | "cpu"
  | "libc"
  | "engines"
  | "hasInstallScript"
> {
  bin?: Record<string, string> | undefined;
  /** Subresource Integrity of the tarball; a lock file may lack it. */
  integrity: string | undefined;
}

export interface Placement {
  key: string;
  manifest: PackageManifest;
  parent: TreeNode;
  requiredBy: TreeNode | undefined;
  optional: boolean;
  locked: boolean;
}

export function createRoot(): TreeNode {
  return {
    key: "",
    name: "",
    version: "",
    parent: undefined,
    children: new Map(),
    manifest: undefined,
    locked: false,
    used: true,
    optional: false,
    requiredBy: undefined,
    seenThrough: new Set(),
  };
}

export function placeNode({ key, manifest, parent, requiredBy, optional, locked }: Placement): TreeNode {
  const node: TreeNode = {
    ...createRoot(),
    key,
    name: manifest.name,
    version: manifest.version,
    parent,
    manifest,
    locked,
    used: false,
    optional,
    requiredBy,
  };
  parent.children.set(key, node);
  return node;
}

/** Where Node's resolution would find `key` from `from`: the nearest `node_modules` at or above it. */
export function findUpwards(from: TreeNode, key: string): TreeNode | undefined {
  for (let node: TreeNode | undefined = from; node !== undefined; node = node.parent) {
    const child = node.children.get(key);
    if (child !== undefined) return child;
  }
  return undefined;
}

/** Remembers that everything between `from` and `found` looks through itself for this name. */
export function markSeenThrough(from: TreeNode, found: TreeNode): void {
  for (
    let node: TreeNode | undefined = from;
    node !== undefined && node !== found.parent;
    node = node.parent
  ) {
    node.seenThrough.add(found.key);
  }
}

/** The folder nearest to the root where `key` can be placed for `from` without hiding anybody else's choice. */
export function hoistTarget(from: TreeNode, key: string): TreeNode {
  let target = from;
  let node = from.parent;
  while (node !== undefined && !target.children.has(key)) {
    if (node.children.get(key)?.used) break;
    if (!node.seenThrough.has(key)) target = node;
    node = node.parent;
  }
  return target;
}

/** The packages that asked for a node, from the project's own dependency down: "a > b > c". */
export function requirementChain(node: TreeNode | undefined): { name: string; version: string }[] {
  const chain: { name: string; version: string }[] = [];
  for (let at = node; at !== undefined && at.parent !== undefined; at = at.requiredBy) {
    chain.unshift({ name: at.name, version: at.version });
    if (chain.length > 1000) break;
  }
  return chain;
}

/** The folder relative to the project, e.g. "node_modules/a/node_modules/b". */
export function pathOf(node: TreeNode): string {
  const parts: string[] = [];
  for (let at: TreeNode | undefined = node; at?.parent !== undefined; at = at.parent)
    parts.unshift(`node_modules/${at.key}`);
  return parts.join("/");
}

/** Every used node below the root, parents first, in the order of their names. */
export function usedNodes(root: TreeNode): TreeNode[] {
  const nodes: TreeNode[] = [];
  const visit = (node: TreeNode): void => {
    for (const key of [...node.children.keys()].sort()) {
      const child = node.children.get(key);
      if (child === undefined) continue;
      if (child.used) nodes.push(child);
      visit(child);
    }
  };
  visit(root);
  return nodes;
}

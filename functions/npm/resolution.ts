import { CoderError, toCoderError } from "../../shared/errors.ts";
import type { PackageManifest, TreeNode } from "./dependencyTree.ts";
import {
  createRoot,
  findUpwards,
  hoistTarget,
  markSeenThrough,
  placeNode,
  requirementChain,
} from "./dependencyTree.ts";
import { readLockFile } from "./lockFile.ts";
import type { Overrides } from "./overrides.ts";
import { createOverrides } from "./overrides.ts";
import { createExclusion, parsePackageSpec, satisfies } from "./packageSpec.ts";
import type { PackageSpec } from "./packageSpec.ts";
import type { VersionManifest } from "./packument.ts";
import { binOf, hasInstallScript, integrityOf, pickVersion, runsInBrowser } from "./packument.ts";
import type { RegistryClient } from "./registryClient.ts";

export interface ResolveRequest {
  dependencies: Record<string, string>;
  devDependencies?: Record<string, string> | undefined;
  optionalDependencies?: Record<string, string> | undefined;
  overrides?: Overrides | undefined;
  /** The text of package-lock.json. What it says is honoured; only what it lacks is resolved. */
  lock?: string | undefined;
  /** What is not wanted, as `createExclusion` reads it; neither that nor what only that needs is in the plan. */
  exclude?: string[] | undefined;
  /** Keeps packages of every operating system and processor, as a lock file does. Default: what runs in a browser. */
  allPlatforms?: boolean;
}

export interface SkippedPackage {
  name: string;
  reason: "excluded" | "native" | "optional_unavailable" | "peer_conflict";
  /** Why, in words for a log. */
  message: string;
}

/** Where everything lies; nodes that are not `used` are leftovers of a lock file. */
export interface ResolvedTree {
  root: TreeNode;
  skipped: SkippedPackage[];
}

export type EdgeKind = "normal" | "optional" | "peer";

export interface Edge {
  from: TreeNode;
  key: string;
  spec: string;
  kind: EdgeKind;
}

const maxPackages = 5000;

/**
 * Resolves a project's dependencies as npm lays them out: breadth first, each package as near to the root as it can
 * lie, nested on conflict, peers after everything else, the lock file first of all.
 * Throws `CoderError` with `details.reason`: unknown_package, no_matching_version, unsupported_spec, invalid_lock.
 * Rules: https://docs.npmjs.com/cli/v11/commands/npm-install#algorithm
 */
export async function resolveTree(registry: RegistryClient, request: ResolveRequest): Promise<ResolvedTree> {
  const resolution = new Resolution(registry, request);
  await resolution.run();
  return resolution.result();
}

/** What a package asks for, by name. */
export function edgesOf(node: TreeNode): Edge[] {
  const manifest = node.manifest;
  if (manifest === undefined) return [];
  const optional = manifest.optionalDependencies ?? {};
  const edges: Edge[] = Object.entries(optional).map(([key, spec]) => ({
    from: node,
    key,
    spec,
    kind: "optional",
  }));
  for (const [key, spec] of Object.entries(manifest.dependencies ?? {})) {
    // Registries repeat optional dependencies among the normal ones.
    if (!(key in optional)) edges.push({ from: node, key, spec, kind: "normal" });
  }
  for (const [key, spec] of Object.entries(manifest.peerDependencies ?? {})) {
    const isOptional = manifest.peerDependenciesMeta?.[key]?.optional === true;
    if (!isOptional && !(key in (manifest.dependencies ?? {})))
      edges.push({ from: node, key, spec, kind: "peer" });
  }
  return edges.sort((a, b) => (a.key < b.key ? -1 : 1));
}

function manifestOf(version: VersionManifest): PackageManifest {
  return {
    ...version,
    bin: binOf(version),
    integrity: integrityOf(version),
    hasInstallScript: hasInstallScript(version),
  };
}

class Resolution {
  readonly #registry: RegistryClient;
  readonly #root: TreeNode;
  readonly #lockSpecs: Record<string, string>;
  readonly #rootEdges: Edge[];
  readonly #isExcluded: (name: string, requiredBy?: string) => boolean;
  readonly #override: ReturnType<typeof createOverrides>;
  readonly #skipped = new Map<string, SkippedPackage>();
  readonly #runsHere: (manifest: PackageManifest | VersionManifest) => boolean;
  readonly #warmed = new Set<string>();
  #queue: Edge[] = [];
  #peers: Edge[] = [];
  #used = 0;

  constructor(registry: RegistryClient, request: ResolveRequest) {
    this.#registry = registry;
    const locked =
      request.lock === undefined ? { root: createRoot(), rootSpecs: {} } : readLockFile(request.lock);
    this.#root = locked.root;
    this.#lockSpecs = locked.rootSpecs;
    this.#runsHere = request.allPlatforms === true ? () => true : runsInBrowser;
    this.#isExcluded = createExclusion(request.exclude ?? []);
    const wanted = { ...request.devDependencies, ...request.dependencies };
    this.#override = createOverrides(request.overrides ?? {}, wanted);
    const optional = request.optionalDependencies ?? {};
    this.#rootEdges = Object.entries({ ...wanted, ...optional })
      .map(([key, spec]): Edge => ({
        from: this.#root,
        key,
        spec,
        kind: key in optional ? "optional" : "normal",
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async run(): Promise<void> {
    this.#queue = this.#rootEdges;
    while (this.#queue.length > 0) {
      const level = this.#queue;
      this.#queue = [];
      for (const edge of level) this.#warm(edge.key, edge.spec, edge.from.name);
      for (const edge of level) await this.#resolveEdge(edge);
      if (this.#queue.length === 0) {
        // Peers come last: by then the package they should share mostly lies where they would look for it.
        const peers = this.#peers;
        this.#peers = [];
        for (const edge of peers) await this.#resolvePeer(edge, peers);
      }
    }
  }

  result(): ResolvedTree {
    const skipped = [...this.#skipped.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { root: this.#root, skipped };
  }

  /** Asks for metadata ahead of time, along the versions that will most likely be chosen. Only speed depends on it. */
  #warm(key: string, spec: string, requiredBy = ""): void {
    const id = `${key}@${spec}`;
    if (
      this.#warmed.has(id) ||
      this.#isExcluded(key, requiredBy) ||
      findUpwards(this.#root, key)?.locked === true
    )
      return;
    this.#warmed.add(id);
    void this.#warmFromRegistry(key, spec).catch((error: unknown) => {
      // Not lost: the same lookup in `#choose` fails again, with the position in the tree for its message.
      return error;
    });
  }

  async #warmFromRegistry(key: string, spec: string): Promise<void> {
    const target = parsePackageSpec(key, spec);
    const manifest = pickVersion(await this.#registry.packument(target.name), target.range);
    if (!this.#runsHere(manifest)) return;
    const optional = manifest.optionalDependencies ?? {};
    for (const [name, range] of Object.entries({ ...manifest.dependencies }))
      if (!(name in optional)) this.#warm(name, range, manifest.name);
  }

  #specOf(edge: Edge): PackageSpec {
    const override = this.#override(edge.key, edge.spec, requirementChain(edge.from));
    // npm refuses an override of a direct dependency unless it is the same spec; the project's own wish wins here.
    const spec = edge.from === this.#root ? edge.spec : (override ?? edge.spec);
    try {
      return parsePackageSpec(edge.key, spec);
    } catch (error) {
      throw this.#withRequirer(error, edge);
    }
  }

  #accepts(found: TreeNode, edge: Edge, target: PackageSpec): boolean {
    if (found.locked) {
      // The lock file is exact: what it placed for this edge stays, as npm ci keeps it.
      if (edge.from.locked) return true;
      if (edge.from === this.#root && this.#lockSpecs[edge.key] === edge.spec) return true;
    }
    if (found.name !== target.name) return false;
    return satisfies(found.version, target.range) || this.#isTagOf(found, target);
  }

  #isTagOf(found: TreeNode, target: PackageSpec): boolean {
    const packument = this.#registry.cached(found.name);
    return target.range === "*" || packument?.distTags[target.range] === found.version;
  }

  async #resolveEdge(edge: Edge): Promise<void> {
    if (edge.kind === "peer") {
      this.#peers.push(edge);
      return;
    }
    if (this.#isExcluded(edge.key, edge.from.name))
      return this.#skip(edge.key, "excluded", "not needed by the browser runtime");
    const target = this.#specOf(edge);
    if (this.#isExcluded(target.name))
      return this.#skip(target.name, "excluded", "not needed by the browser runtime");
    const found = findUpwards(edge.from, edge.key);
    if (found !== undefined && this.#accepts(found, edge, target)) return this.#use(found, edge);
    const manifest = await this.#choose(edge, target);
    if (manifest !== undefined) this.#place(edge, manifest, hoistTarget(edge.from, edge.key));
  }

  async #resolvePeer(edge: Edge, all: Edge[]): Promise<void> {
    if (this.#isExcluded(edge.key, edge.from.name))
      return this.#skip(edge.key, "excluded", "not needed by the browser runtime");
    const target = this.#specOf(edge);
    const from = edge.from.parent ?? this.#root;
    const found = findUpwards(from, edge.key);
    if (found !== undefined) {
      if (!this.#accepts(found, edge, target)) {
        const wish = `${edge.from.name}@${edge.from.version} wants ${edge.key}@${target.range}, the project has ${found.version}`;
        this.#skip(edge.key, "peer_conflict", wish);
      }
      return this.#use(found, { ...edge, from });
    }
    const wishes = all.filter((other) => other.key === edge.key).map((other) => this.#specOf(other));
    const manifest = await this.#choose(edge, target, wishes);
    if (manifest !== undefined) this.#place({ ...edge, from }, manifest, hoistTarget(from, edge.key));
  }

  /** The version to install, or undefined where an optional or native package is left out. */
  async #choose(
    edge: Edge,
    target: PackageSpec,
    wishes: PackageSpec[] = [],
  ): Promise<PackageManifest | undefined> {
    try {
      const packument = await this.#registry.packument(target.name);
      const common = Object.keys(packument.versions)
        .filter((version) =>
          wishes.every((wish) => wish.name === target.name && satisfies(version, wish.range)),
        )
        .at(-1);
      const manifest = pickVersion(
        packument,
        wishes.length > 1 && common !== undefined ? commonRange(wishes) : target.range,
      );
      if (this.#runsHere(manifest)) return manifestOf(manifest);
      this.#skip(
        manifest.name,
        "native",
        `${manifest.name}@${manifest.version} is a native binary for ${(manifest.os ?? manifest.cpu ?? []).join(", ")}`,
      );
      return undefined;
    } catch (error) {
      if (edge.kind !== "optional") throw this.#withRequirer(error, edge);
      this.#skip(edge.key, "optional_unavailable", toCoderError(error).message);
      return undefined;
    }
  }

  #place(edge: Edge, manifest: PackageManifest, parent: TreeNode): void {
    const optional = edge.kind === "optional" || edge.from.optional;
    const node = placeNode({
      key: edge.key,
      manifest,
      parent,
      requiredBy: edge.from,
      optional,
      locked: false,
    });
    this.#use(node, edge);
  }

  #use(node: TreeNode, edge: Edge): void {
    markSeenThrough(edge.from, node);
    if (edge.kind !== "optional" && !edge.from.optional) node.optional = false;
    if (node.used) return;
    if (node.manifest !== undefined && !this.#runsHere(node.manifest)) {
      return this.#skip(node.name, "native", `${node.name}@${node.version} is a native binary`);
    }
    node.used = true;
    node.requiredBy ??= edge.from;
    this.#used += 1;
    if (this.#used > maxPackages) {
      throw new CoderError(
        "too_large",
        `The project needs more than ${maxPackages} packages. Use the server workspace.`,
        {
          details: { reason: "too_many_packages" },
        },
      );
    }
    this.#queue.push(...edgesOf(node));
  }

  #skip(name: string, reason: SkippedPackage["reason"], message: string): void {
    if (!this.#skipped.has(name)) this.#skipped.set(name, { name, reason, message });
  }

  #withRequirer(thrown: unknown, edge: Edge): CoderError {
    const error = toCoderError(thrown);
    const chain = requirementChain(edge.from).map(({ name, version }) => `${name}@${version}`);
    const details = typeof error.details === "object" && error.details !== null ? error.details : {};
    const message =
      chain.length === 0 ? error.message : `${error.message} It is needed by ${chain.join(" > ")}.`;
    return new CoderError(error.code, message, { cause: error, details: { ...details, requiredBy: chain } });
  }
}

/** All wishes in one range; versions that match it match each of them. */
function commonRange(wishes: PackageSpec[]): string {
  const ranges = [...new Set(wishes.map((wish) => wish.range))];
  // Alternatives ("a || b") do not combine by a space, so the distributive law is spelled out.
  return ranges
    .map((range) => range.split("||").map((part) => part.trim()))
    .reduce((left, right) => left.flatMap((a) => right.map((b) => `${a} ${b}`)))
    .join(" || ");
}

import type { ProjectFs } from "../kernelParts.ts";
import type { PackageLayer } from "./packageLayer.ts";

/** A project's file system whose `node_modules` is a package layer. */
export interface PackagedFs extends ProjectFs {
  readonly packages: PackageLayer;
}

/** The package layer of a file system, if it has one (a plain `ProjectFs` gets its packages as written files). */
export function packageLayerOf(fs: ProjectFs): PackageLayer | undefined {
  return "packages" in fs ? (fs as PackagedFs).packages : undefined;
}

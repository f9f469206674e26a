import semver from "semver";
import { CoderError } from "../../shared/errors.ts";

/** What a dependency range asks for, after aliases are taken apart. */
export interface PackageSpec {
  /** The real name in the registry; differs from the dependency's key for aliases (`npm:name@range`). */
  name: string;
  /** A semver range, an exact version or a dist-tag. */
  range: string;
}

const namePattern = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/i;
const tagPattern = /^[a-z][a-z0-9._-]*$/i;

/**
 * Whether `name` can be asked for in the registry. Stricter than the registry's own history: no `..`, no leading dot,
 * nothing that changes the meaning of a URL. https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name
 */
export function isPackageName(name: string): boolean {
  return name.length <= 214 && namePattern.test(name) && !name.includes("..");
}

/** Whether `version` is one exact version ("1.2.3", "1.0.0-rc.1"), the only form a tarball address accepts. */
export function isExactVersion(version: string): boolean {
  return version.length <= 256 && semver.valid(version) === version;
}

function unsupported(key: string, spec: string, why: string): CoderError {
  return new CoderError(
    "bad_input",
    `${key}@${spec}: ${why} The browser runtime installs packages of the registry only; use a version range, or the server workspace.`,
    { details: { reason: "unsupported_spec", package: key, spec } },
  );
}

/**
 * Takes the right side of a dependency entry apart. Supports ranges, dist-tags and aliases; git, file, link, workspace
 * and URL specs throw `bad_input` with `details.reason` "unsupported_spec".
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-json#dependencies
 */
export function parsePackageSpec(key: string, spec: string): PackageSpec {
  const text = spec.trim();
  if (!isPackageName(key)) {
    throw new CoderError("bad_input", `"${key}" is not a valid package name. Correct it in package.json.`, {
      details: { reason: "invalid_name", package: key, spec },
    });
  }
  if (text.startsWith("npm:")) {
    const target = text.slice(4);
    const at = target.lastIndexOf("@");
    const name = at > 0 ? target.slice(0, at) : target;
    return parsePackageSpec(name, at > 0 ? target.slice(at + 1) : "*");
  }
  if (/^(?:git\+|git:|git@|github:|gitlab:|bitbucket:|gist:)/.test(text))
    throw unsupported(key, spec, "is a git dependency.");
  if (/^(?:file:|link:|portal:|\.{0,2}\/|~\/)/.test(text)) throw unsupported(key, spec, "is a local path.");
  if (/^(?:workspace:|catalog:|patch:)/.test(text))
    throw unsupported(key, spec, "is a workspace dependency.");
  if (/^https?:/.test(text)) throw unsupported(key, spec, "is a URL.");
  if (text === "" || text === "x") return { name: key, range: "*" };
  if (semver.validRange(text, { loose: true }) !== null) return { name: key, range: text };
  if (tagPattern.test(text)) return { name: key, range: text };
  throw unsupported(key, spec, text.includes("/") ? "is a git dependency." : "is not a version range.");
}

/** Whether `version` satisfies `range` as npm reads it; a dist-tag is only satisfied by its own resolution. */
export function satisfies(version: string, range: string): boolean {
  return semver.satisfies(version, range, { loose: true });
}

/**
 * Matches a dependency against exclusion patterns: a name ("vite"), a prefix ending in `*` ("@types/*"), or a
 * dependency of one package only ("svelte>acorn").
 */
export function createExclusion(patterns: string[]): (name: string, requiredBy?: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith("*")));
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return (name, requiredBy) =>
    exact.has(name) ||
    exact.has(`${requiredBy}>${name}`) ||
    prefixes.some((prefix) => name.startsWith(prefix));
}

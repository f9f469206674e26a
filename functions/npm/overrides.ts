import semver from "semver";
import { CoderError } from "../../shared/errors.ts";
import { parsePackageSpec, satisfies } from "./packageSpec.ts";

/** The `overrides` field of package.json: names (optionally "name@range") to a spec or to rules for what is below. */
export interface Overrides {
  [selector: string]: string | Overrides;
}

interface Rule {
  /** Packages that must appear above the dependency, outermost first. */
  above: { name: string; range?: string }[];
  name: string;
  /** Only dependencies asking for a range that this one could answer. */
  range?: string;
  spec: string;
}

interface Ancestor {
  name: string;
  version: string;
}

const maxDepth = 16;

function selectorOf(text: string): { name: string; range?: string } {
  const at = text.lastIndexOf("@");
  return at > 0 ? { name: text.slice(0, at), range: text.slice(at + 1) } : { name: text };
}

function flatten(overrides: Overrides, above: Rule["above"], rules: Rule[]): void {
  if (above.length > maxDepth)
    throw new CoderError(
      "bad_input",
      `"overrides" in package.json is nested deeper than ${maxDepth} levels.`,
    );
  for (const [text, value] of Object.entries(overrides)) {
    const last = above.at(-1);
    if (text === "." && typeof value === "string" && last !== undefined) {
      rules.push({ above: above.slice(0, -1), ...last, spec: value });
    } else if (typeof value === "string") {
      rules.push({ above, ...selectorOf(text), spec: value });
    } else {
      flatten(value, [...above, selectorOf(text)], rules);
    }
  }
}

function isBelow(rule: Rule, ancestors: Ancestor[]): boolean {
  let next = 0;
  for (const wanted of rule.above) {
    while (next < ancestors.length) {
      const ancestor = ancestors[next];
      next += 1;
      if (
        ancestor?.name === wanted.name &&
        (wanted.range === undefined || satisfies(ancestor.version, wanted.range))
      )
        break;
      if (next === ancestors.length) return false;
    }
    if (ancestors.length === 0) return false;
  }
  return true;
}

/**
 * Reads `overrides` as npm does and returns the function that gives the spec to use for a dependency, or undefined
 * where no rule applies. `$name` refers to the project's own dependency. The most specific rule wins.
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-json#overrides
 */
export function createOverrides(
  overrides: Overrides,
  rootDependencies: Record<string, string>,
): (name: string, spec: string, ancestors: Ancestor[]) => string | undefined {
  const rules: Rule[] = [];
  flatten(overrides, [], rules);
  rules.sort(
    (a, b) =>
      b.above.length - a.above.length || Number(b.range !== undefined) - Number(a.range !== undefined),
  );
  return (name, spec, ancestors) => {
    const rule = rules.find(
      (candidate) =>
        candidate.name === name && matchesRange(candidate, name, spec) && isBelow(candidate, ancestors),
    );
    if (rule === undefined) return undefined;
    if (!rule.spec.startsWith("$")) return rule.spec;
    const referenced = rootDependencies[rule.spec.slice(1)];
    if (referenced !== undefined) return referenced;
    throw new CoderError(
      "bad_input",
      `The override "${name}": "${rule.spec}" refers to a dependency that package.json does not have.`,
      {
        details: { reason: "unsupported_spec", package: name, spec: rule.spec },
      },
    );
  };
}

function matchesRange(rule: Rule, name: string, spec: string): boolean {
  if (rule.range === undefined) return true;
  const { range } = parsePackageSpec(name, spec);
  return range === rule.range || intersects(range, rule.range);
}

function intersects(a: string, b: string): boolean {
  // A dist-tag has no interval; it can only be named literally.
  return semver.validRange(a) !== null && semver.validRange(b) !== null && semver.intersects(a, b);
}

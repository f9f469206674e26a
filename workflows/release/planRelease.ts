import { CommitParser } from "conventional-commits-parser";
import { inc, parse, rcompare, valid } from "semver";

/** A commit as a release sees it. */
export interface ReleaseCommit {
  sha: string;
  message: string;
}

export interface ReleasePlan {
  /** Without the `v` of the tag. */
  version: string;
  tag: string;
  /** The version before, or null for the first release. */
  previous: string | null;
  bump: "major" | "minor" | "patch" | "first";
  /** Markdown, without a heading. */
  notes: string;
}

const parser = new CommitParser({
  headerPattern: /^(\w+)(?:\(([^)]*)\))?(!)?: (.+)$/,
  headerCorrespondence: ["type", "scope", "breaking", "subject"],
  noteKeywords: ["BREAKING CHANGE", "BREAKING-CHANGE"],
});

interface ReadCommit {
  sha: string;
  type: string;
  scope: string | null;
  subject: string;
  breaking: string | null;
}

/** The tag of the highest version among tags such as `v1.2.3`; drafts of versions (`-beta`) do not count. */
export function latestVersion(tags: readonly string[]): string | null {
  const versions = tags.flatMap((tag) => {
    const version = valid(/^v?\d+\.\d+\.\d+$/.test(tag) ? tag.replace(/^v/, "") : null);
    return version === null ? [] : [version];
  });
  return versions.sort(rcompare)[0] ?? null;
}

/**
 * The next version and its notes from the commits since the last one, by Conventional Commits
 * (https://www.conventionalcommits.org): a breaking change is major (minor before 1.0.0), `feat` is minor, all else is
 * a patch. Undefined when there is nothing to release.
 * @param options `declared`: the version that the project says it has; it is the first one to be released.
 */
export function planRelease(
  commits: readonly ReleaseCommit[],
  options: { bump: "auto" | "major" | "minor" | "patch"; previous: string | null; declared: string | null },
): ReleasePlan | undefined {
  if (commits.length === 0) return undefined;
  const read = commits.map(readCommit);
  const { previous } = options;
  const notes = notesOf(read);
  if (previous === null) {
    const version = valid(options.declared) ?? "0.1.0";
    return { version, tag: `v${version}`, previous, bump: "first", notes };
  }
  const bump = options.bump === "auto" ? bumpOf(read, previous) : options.bump;
  const version = inc(previous, bump);
  if (version === null) throw new TypeError(`${previous} is no version`);
  return { version, tag: `v${version}`, previous, bump, notes };
}

function readCommit({ sha, message }: ReleaseCommit): ReadCommit {
  const firstLine = message.split("\n", 1)[0] ?? "";
  if (message.trim() === "") return { sha, type: "other", scope: null, subject: firstLine, breaking: null };
  const { type, scope, breaking, subject, notes } = parser.parse(message);
  const title = subject ?? firstLine;
  return {
    sha,
    type: type ?? "other",
    scope: scope ?? null,
    subject: title,
    breaking: notes[0]?.text ?? (breaking ? title : null),
  };
}

function bumpOf(commits: readonly ReadCommit[], previous: string): "major" | "minor" | "patch" {
  const isEarly = parse(previous)?.major === 0;
  if (commits.some((commit) => commit.breaking !== null)) return isEarly ? "minor" : "major";
  return commits.some((commit) => commit.type === "feat") ? "minor" : "patch";
}

const sections: readonly { title: string; holds(commit: ReadCommit): boolean }[] = [
  { title: "Breaking changes", holds: (commit) => commit.breaking !== null },
  { title: "New", holds: (commit) => commit.type === "feat" && commit.breaking === null },
  { title: "Fixed", holds: (commit) => commit.type === "fix" && commit.breaking === null },
  { title: "Faster", holds: (commit) => commit.type === "perf" && commit.breaking === null },
  {
    title: "Also",
    holds: (commit) => !["feat", "fix", "perf"].includes(commit.type) && commit.breaking === null,
  },
];

function notesOf(commits: readonly ReadCommit[]): string {
  const parts = sections.flatMap(({ title, holds }) => {
    const lines = commits.filter(holds).map(noteLine);
    return lines.length === 0 ? [] : [`### ${title}\n\n${lines.join("\n")}`];
  });
  return `${parts.join("\n\n")}\n`;
}

function noteLine({ sha, scope, subject, breaking }: ReadCommit): string {
  // A subject is somebody's text: it must not begin a list, a heading or a link of its own.
  const text = (breaking ?? subject)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[<>`[\]]/g, "")
    .trim();
  return `- ${scope === null ? "" : `**${scope.replaceAll(/[^\w./-]/g, "")}:** `}${text} (${sha.slice(0, 8)})`;
}

/** CHANGELOG.md with the release on top, under its title if it has one. @param date as YYYY-MM-DD. */
export function withChangelogEntry(
  changelog: string,
  plan: Pick<ReleasePlan, "version" | "notes">,
  date: string,
): string {
  const entry = `## ${plan.version} (${date})\n\n${plan.notes}`;
  if (changelog.trim() === "") return `# Changelog\n\n${entry}`;
  const title = /^# .+\n+/.exec(changelog)?.[0] ?? "";
  return `${title}${entry}\n${changelog.slice(title.length)}`;
}

/** package.json, or a lock file of npm, with another version; everything else stays as it is written. */
export function withVersion(json: string, version: string): string {
  const own = /^(\{\s*(?:"name":\s*"[^"]*",\s*)?(?:[^{}[\]]*?)"version":\s*")[^"]*"/;
  const changed = json.replace(own, (_, before: string) => `${before}${version}"`);
  const root = /("packages":\s*\{\s*"":\s*\{[^{}]*?"version":\s*")[^"]*"/;
  return changed.replace(root, (_, before: string) => `${before}${version}"`);
}

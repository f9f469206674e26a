import { z } from "zod";

/**
 * The port to whatever holds a project's repository. Adapters: `httpForge.ts` (the embedded forge over HTTP).
 * Commits are full 40-digit SHAs; a `ref` is a branch name, a tag name or a commit; paths are POSIX and relative.
 */
export interface Forge {
  refs(): Promise<Refs>;
  tree(ref: string): Promise<Tree>;
  /** Throws `not_found` if the path is not in the tree. */
  blob(ref: string, path: string): Promise<Uint8Array>;
  /** `since`: without this commit and everything before it. */
  log(ref: string, page: LogPage): Promise<CommitInfo[]>;
  /** What `head` brings over the merge base with `base`. */
  diff(base: string, head: string): Promise<Diff>;
  /** Throws `conflict` if `expectedHead` is given and the branch has moved. */
  commit(request: CommitRequest): Promise<string>;
  /** Throws `conflict` with the conflicting paths in `details.conflicts`. Merging what is merged answers the same commit. */
  merge(request: MergeRequest): Promise<string>;
  deleteBranch(branch: string): Promise<void>;
  tags(): Promise<Tag[]>;
  /** Makes an annotated tag; making the same one again changes nothing. Throws `conflict` if it is at another commit. */
  tag(request: TagRequest): Promise<void>;
  /** Opens a change of `head` into `base`, or updates the open one of that branch. Answers its number. */
  openChange(request: ChangeRequest): Promise<number>;
}

const sha = z.string().regex(/^[0-9a-f]{40}$/);

export const refsSchema = z.object({
  defaultBranch: z.string(),
  /** Commit of the default branch; null while the repository is empty. */
  head: sha.nullable(),
  refs: z.array(z.object({ name: z.string(), commit: sha })),
});
export type Refs = z.infer<typeof refsSchema>;

export const treeSchema = z.object({
  commit: sha,
  entries: z.array(z.object({ path: z.string(), size: z.number().int(), mode: z.string(), sha })),
});
export type Tree = z.infer<typeof treeSchema>;

export const filesSchema = z.object({
  commit: sha,
  files: z.array(z.object({ path: z.string(), mode: z.string(), content: z.base64() })),
  /** Left out because they would pass the limit. */
  skipped: z.array(z.object({ path: z.string(), size: z.number().int() })),
});
export type Files = z.infer<typeof filesSchema>;

export const commitInfoSchema = z.object({
  sha,
  parents: z.array(sha),
  author: z.string(),
  email: z.string(),
  at: z.string(),
  message: z.string(),
});
export type CommitInfo = z.infer<typeof commitInfoSchema>;

export const diffSchema = z.object({
  base: sha,
  head: sha,
  mergeBase: sha,
  files: z.array(
    z.object({
      path: z.string(),
      oldPath: z.string().optional(),
      status: z.enum(["added", "modified", "deleted", "renamed", "copied", "type_changed"]),
      additions: z.number().int(),
      deletions: z.number().int(),
      binary: z.boolean(),
    }),
  ),
  /** Unified diff; cut at 5 MB, and `truncated` says so. */
  patch: z.string(),
  truncated: z.boolean(),
});
export type Diff = z.infer<typeof diffSchema>;

export const fileChangeSchema = z.object({
  path: z.string(),
  /** null deletes the file. */
  content: z.string().nullable(),
  encoding: z.enum(["utf8", "base64"]).default("utf8"),
});

export const commitRequestSchema = z.object({
  branch: z.string(),
  /** Where a new branch starts; default: the default branch. */
  base: z.string().optional(),
  /** The commit the branch must be at; null: it must not exist. */
  expectedHead: sha.nullish(),
  message: z.string().min(1).max(20_000),
  files: z.array(fileChangeSchema).min(1).max(20_000),
});
export type CommitRequest = z.input<typeof commitRequestSchema>;

export const mergeRequestSchema = z.object({
  into: z.string(),
  head: z.string(),
  /** The head that was reviewed; a moved branch is a `conflict`. */
  expectedHead: sha,
  message: z.string().min(1).max(20_000),
  /** The change that this merges: it must be open and no draft. One that is merged already answers its merge. */
  change: z.int().positive().optional(),
});
export type MergeRequest = z.infer<typeof mergeRequestSchema>;

export const tagsSchema = z.object({ tags: z.array(z.object({ name: z.string(), commit: sha })) });
export type Tag = z.infer<typeof tagsSchema>["tags"][number];

export const tagRequestSchema = z.object({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "letters, digits, dots, _ and -"),
  commit: sha,
  message: z.string().min(1).max(100_000),
});
export type TagRequest = z.infer<typeof tagRequestSchema>;

export const changeRequestSchema = z.object({
  title: z.string().min(1).max(200),
  body: z.string().max(20_000),
  base: z.string(),
  head: z.string(),
  headCommit: sha,
  /** The run that made it. */
  runId: z.uuid(),
  /** What is left out stays as it is on the open change; a new one is no draft and has none. */
  draft: z.boolean().optional(),
  labels: z.array(z.string()).max(20).optional(),
  reviewers: z.array(z.string()).max(20).optional(),
});
export type ChangeRequest = z.infer<typeof changeRequestSchema>;

/** What a program outside found of a commit. */
export const checkReportSchema = z.strictObject({
  commit: sha,
  name: z.string().trim().min(1).max(200),
  status: z.enum(["queued", "running", "passed", "failed", "skipped"]),
  /** Where the details are. */
  url: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
  /** Name of the program. */
  source: z.string().trim().min(1).max(80).default("external"),
});
export type CheckReport = z.infer<typeof checkReportSchema>;
export interface LogPage {
  limit: number;
  before?: string;
  since?: string;
  /** Only commits that touched this file or directory. */
  path?: string;
}

/** Who a commit is by. */
export interface Author {
  name: string;
  email: string;
}

import { z } from "zod";

/** The pieces that the inputs of several nouns are made of, with their limits. */

export const id = z.uuid();
export const displayName = z.string().trim().min(1).max(80);
export const commitSha = z.string().regex(/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/, "is not a full commit id");

/** A branch, tag or commit. The forge has the last word; this keeps options and ranges out. */
export const ref = z
  .string()
  .min(1)
  .max(250)
  .regex(
    /^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|\.lock$))[^\s~^:?*[\\\p{Cc}]+(?<![/.])$/u,
    "is not a branch, tag or commit",
  );

/** A path inside a repository: relative, with no empty, `.`, `..` or `.git` part. */
export const repoPath = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) =>
      !path.includes("\0") &&
      !path.includes("\\") &&
      path
        .split("/")
        .every((part) => part !== "" && part !== "." && part !== ".." && part.toLowerCase() !== ".git"),
    "is not a path inside the repository",
  );

/** Files as the Studio sends them; bytes in base64. The handler's body limit bounds the sum. */
export const newFiles = z.array(z.strictObject({ path: repoPath, content: z.base64() })).max(5000);

export const fileEdits = z
  .array(
    z.strictObject({
      path: repoPath,
      /** null deletes the file. */
      content: z.string().nullable(),
      encoding: z.enum(["utf8", "base64"]).default("utf8"),
    }),
  )
  .min(1)
  .max(5000);

/** Of a change or an issue, which are numbered together. */
export const number = z.int().positive();
export const title = z.string().trim().min(1).max(200);
export const bodyText = z.string().max(50_000);
export const commentText = z.string().trim().min(1).max(20_000);
export const checkName = z.string().trim().min(1).max(200);

/** A comma would split a label in a filter. The database has the last word on how many and how alike. */
export const labels = z
  .array(
    z
      .string()
      .trim()
      .min(1)
      .max(50)
      .regex(/^[^,\p{Cc}]+$/u, "holds a comma or a control character"),
  )
  .max(20);

import { repositoryPath } from "./repositoryPath.ts";
import type { Author } from "../forge.ts";

export interface ImportedFile {
  path: string;
  /** null deletes the file. */
  content: Uint8Array | null;
  mode?: "100644" | "100755" | "120000";
}

export interface ImportedCommit {
  /** Full name of the ref that fast-import writes. */
  ref: string;
  from: string | null;
  author: Author;
  at: Date;
  message: string;
  files: Iterable<ImportedFile>;
}

const encoder = new TextEncoder();
const clean = (text: string): string => text.replace(/[<>\n\r\0]/g, "").trim();
const quote = (path: string): string => `"${path.replaceAll('"', '\\"')}"`;

/**
 * A commit as a stream for `git fast-import` (git-fast-import(1)): one process however many files, and no work tree.
 * Throws `bad_input` for a path that may not stand in a tree.
 */
export async function* fastImportStream(commit: ImportedCommit): AsyncGenerator<Uint8Array> {
  const who = `${clean(commit.author.name) || "Coder"} <${clean(commit.author.email)}> ${Math.floor(commit.at.getTime() / 1000)} +0000`;
  const message = encoder.encode(commit.message);
  yield encoder.encode(`commit ${commit.ref}\nauthor ${who}\ncommitter ${who}\ndata ${message.length}\n`);
  yield message;
  yield encoder.encode(`\n${commit.from === null ? "" : `from ${commit.from}\n`}`);
  for (const file of commit.files) {
    const path = quote(repositoryPath(file.path));
    if (file.content === null) {
      yield encoder.encode(`D ${path}\n`);
      continue;
    }
    yield encoder.encode(`M ${file.mode ?? "100644"} inline ${path}\ndata ${file.content.length}\n`);
    yield file.content;
    yield encoder.encode("\n");
  }
  yield encoder.encode("done\n");
}

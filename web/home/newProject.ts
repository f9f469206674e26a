import { unzip } from "fflate";
import { CoderError } from "../../shared/errors.ts";
import type { Api } from "../api.ts";
import { toBase64 } from "../studio/studioSession.ts";
import { loadStarter } from "./starters.ts";

export interface NewProject {
  id: string;
  orgSlug: string;
  slug: string;
}

interface Target {
  api: Api;
  orgId: string;
}

const encoder = new TextEncoder();
const leftOut = /(?:^|\/)(?:node_modules|\.git|dist|__MACOSX|\.DS_Store)(?:\/|$)/;
const maxBytes = 30_000_000;

/** A project from a starter. `wish` is what was typed, kept in the README so that it is not lost. */
export async function createFromStarter(
  { api, orgId }: Target,
  starter: { id: string; name: string; wish: string },
): Promise<NewProject> {
  const files = (await loadStarter(starter.id)).map(({ path, content }) => ({
    path,
    content: toBase64(encoder.encode(content)),
  }));
  if (starter.wish !== "")
    files.push({
      path: "README.md",
      content: toBase64(encoder.encode(`# ${starter.name}\n\nThe idea: ${starter.wish}\n`)),
    });
  return api.projects.create.mutate({
    id: crypto.randomUUID(),
    orgId,
    name: starter.name,
    source: starter.id,
    files,
  });
}

/** A project from a folder that was chosen, without `node_modules`, `.git` and `dist`. */
export async function createFromFolder({ api, orgId }: Target, chosen: readonly File[]): Promise<NewProject> {
  const [first] = chosen;
  if (first === undefined) throw new CoderError("bad_input", "The folder is empty");
  const top = first.webkitRelativePath.split("/")[0] ?? "project";
  const kept = chosen.filter((file) => !leftOut.test(file.webkitRelativePath));
  const bytes = kept.reduce((sum, file) => sum + file.size, 0);
  if (bytes > maxBytes)
    throw new CoderError(
      "too_large",
      `The folder holds ${Math.round(bytes / 1e6)} MB without dependencies; up to ${maxBytes / 1e6} MB can be uploaded. Push it with git instead.`,
    );
  const files = await Promise.all(
    kept.map(async (file) => ({
      path: file.webkitRelativePath.slice(top.length + 1),
      content: toBase64(new Uint8Array(await file.arrayBuffer())),
    })),
  );
  return api.projects.create.mutate({ id: crypto.randomUUID(), orgId, name: top, source: "upload", files });
}

/** A project from a zip; what it holds is checked by the server. */
export async function createFromZip({ api, orgId }: Target, zip: File): Promise<NewProject> {
  if (zip.size > maxBytes)
    throw new CoderError(
      "too_large",
      `${zip.name} has ${Math.round(zip.size / 1e6)} MB; up to ${maxBytes / 1e6} MB can be uploaded. Push it with git instead.`,
    );
  const bytes = new Uint8Array(await zip.arrayBuffer());
  // Reading the directory here tells at once that it is no zip, before anything is sent.
  await new Promise<void>((resolve, reject) =>
    unzip(bytes, { filter: () => false }, (error) =>
      error
        ? reject(new CoderError("bad_input", `${zip.name} is not a zip that can be read`, { cause: error }))
        : resolve(),
    ),
  );
  return api.projects.importZip.mutate({
    id: crypto.randomUUID(),
    orgId,
    name: zip.name.replace(/\.zip$/i, ""),
    zip: toBase64(bytes),
  });
}

export async function createFromGit({ api, orgId }: Target, url: string): Promise<NewProject> {
  return api.projects.importGit.mutate({ id: crypto.randomUUID(), orgId, url: url.trim() });
}

/** An empty project to push to. */
export async function createEmpty({ api, orgId }: Target, name: string): Promise<NewProject> {
  return api.projects.create.mutate({ id: crypto.randomUUID(), orgId, name, source: "push" });
}

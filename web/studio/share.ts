import type { SupabaseClient } from "@supabase/supabase-js";
import { CoderError } from "../../shared/errors.ts";
import type { Api } from "../api.ts";
import type { Project } from "../project.ts";
import type { Runtime } from "../runtimes/runtime.ts";

export interface ShareProgress {
  what: "building" | "uploading" | "publishing";
  done: number;
  total: number;
}

export interface ShareOptions {
  project: Project;
  runtime: Runtime;
  api: Api;
  storage: SupabaseClient["storage"];
  onProgress: (progress: ShareProgress) => void;
}

const types: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json; charset=utf-8",
  map: "application/json; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  ico: "image/x-icon",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  wasm: "application/wasm",
  txt: "text/plain; charset=utf-8",
  xml: "application/xml; charset=utf-8",
  webmanifest: "application/manifest+json",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  webm: "video/webm",
  pdf: "application/pdf",
};
const uploadsAtOnce = 6;

/** Content type by the path's ending; unknown ones are bytes that a browser downloads. */
export function contentType(path: string): string {
  return types[/\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""] ?? "application/octet-stream";
}

/**
 * Builds the project in the browser and publishes it under an origin of its own. Answers the link.
 * Blobs go to storage under their sha-256, so that what is there already is not sent again.
 */
export async function share({ project, runtime, api, storage, onProgress }: ShareOptions): Promise<string> {
  onProgress({ what: "building", done: 0, total: 0 });
  const { files } = await runtime.build();
  const manifest: Record<string, { sha256: string; size: number; type: string }> = {};
  const blobs = new Map<string, { bytes: Uint8Array; type: string }>();
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const sha256 = await digest(bytes);
    manifest[path] = { sha256, size: bytes.length, type: contentType(path) };
    blobs.set(sha256, { bytes, type: contentType(path) });
  }
  const todo = [...blobs];
  let done = 0;
  const upload = async () => {
    for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
      const [sha256, { bytes, type }] = next;
      const { error } = await storage
        .from("sites")
        .upload(`${project.orgId}/${sha256}`, new Blob([bytes.slice()], { type }), { contentType: type });
      if (error !== null && !/exists|duplicate/i.test(error.message))
        throw new CoderError("unavailable", `A file of the site could not be uploaded: ${error.message}`, {
          cause: error,
        });
      done += 1;
      onProgress({ what: "uploading", done, total: blobs.size });
    }
  };
  await Promise.all(Array.from({ length: uploadsAtOnce }, upload));
  onProgress({ what: "publishing", done: blobs.size, total: blobs.size });
  const { url } = await api.sites.publish.mutate({
    deploymentId: crypto.randomUUID(),
    projectId: project.id,
    kind: "share",
    manifest,
  });
  return url;
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

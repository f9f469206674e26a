import { createHash } from "node:crypto";
import { posix } from "node:path";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import type { Sandbox, SandboxFile } from "../sandbox/sandbox.ts";
import type { SiteManifest, StepContext } from "../steps/step.ts";
import { contentType } from "./contentType.ts";
import type { DeployPlan, DeployRequest, DeployTarget } from "./deploy.ts";

const limits = { files: 5_000, bytes: 200 * 1024 * 1024, fileBytes: 25 * 1024 * 1024 };
/** Where builders put a static site, in the order of looking. */
const usualDirectories = ["dist", "build", "out", "public"];
const uploadsAtOnce = 8;

const inputsSchema = z.looseObject({ dir: z.string().optional(), name: z.string().optional() });

/** Static files served by the stack itself under an origin of their own; one site per branch for previews, one for prod. */
export const builtinTarget: DeployTarget = {
  name: "built-in",
  async plan(request) {
    const inputs = inputsSchema.parse(request.inputs);
    const { sandbox } = request;
    const { directory, files } = await findSite(sandbox, inputs.dir);
    const total = files.reduce((sum, file) => sum + file.size, 0);
    if (total > limits.bytes)
      throw new CoderError(
        "too_large",
        `${directory} holds ${megabytes(total)}; a site may have ${megabytes(limits.bytes)}.`,
      );
    const { manifest, read } = await readSite(request, directory, files);
    const contentHash = createHash("sha256")
      .update(JSON.stringify({ target: request.target, manifest }))
      .digest("hex");
    return {
      contentHash,
      subject: { files: files.length, bytes: total, directory, content: contentLines(manifest) },
      publish: () => publish(request, { manifest, contentHash, read }),
    };
  },
};

/** How many files an approval shows one by one. */
const shownFiles = 200;

/** Each file with the beginning of its hash, so that whoever decides sees what another question differs in. */
function contentLines(manifest: SiteManifest): string[] {
  const lines = Object.entries(manifest).map(([path, { sha256 }]) => `${sha256.slice(0, 12)} ${path}`);
  if (lines.length <= shownFiles) return lines;
  const rest = createHash("sha256").update(lines.slice(shownFiles).join("\n")).digest("hex");
  return [...lines.slice(0, shownFiles), `${rest.slice(0, 12)} and ${lines.length - shownFiles} more files`];
}

async function findSite(
  sandbox: Sandbox,
  wanted: string | undefined,
): Promise<{ directory: string; files: SandboxFile[] }> {
  if (wanted !== undefined && (posix.isAbsolute(wanted) || posix.normalize(wanted).startsWith(".."))) {
    throw new CoderError("bad_input", `inputs.dir "${wanted}" is outside the repository.`);
  }
  const candidates = wanted === undefined ? [...usualDirectories, "."] : [wanted];
  for (const directory of candidates) {
    // A site that is the repository itself, without a build, does not serve its dependencies.
    const skip = directory === "." ? ["node_modules", ".git", ".coder"] : [".git"];
    const files = await sandbox.list(directory, { maxFiles: limits.files, skip }).catch((error: unknown) => {
      if (error instanceof CoderError && error.code === "not_found") return undefined;
      throw error;
    });
    if (files?.some((file) => file.path === "index.html")) return { directory, files };
  }
  const looked = wanted === undefined ? usualDirectories.join(", ") : wanted;
  throw new CoderError(
    "not_found",
    `There is no index.html to deploy in ${looked}. Build first, or name the directory with inputs.dir.`,
  );
}

async function readSite({ sandbox, context }: DeployRequest, directory: string, files: SandboxFile[]) {
  const manifest: SiteManifest = {};
  const places = new Map<string, string>();
  for (const { path } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const bytes = await sandbox.read(posix.join(directory, path), limits.fileBytes);
    if (context.secrets.isIn(path) || context.secrets.isIn(bytes)) {
      const shown = context.secrets.isIn(path) ? "The name of a file" : path;
      throw new CoderError(
        "forbidden",
        `${shown} holds a secret of the run, and everybody could read it; nothing is published.`,
        { details: { rule: "secrets.deploy" } },
      );
    }
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    manifest[path] = { sha256, size: bytes.byteLength, type: contentType(path) };
    places.set(sha256, posix.join(directory, path));
  }
  const read = async (sha256: string): Promise<Uint8Array> => {
    const bytes = await sandbox.read(places.get(sha256) ?? "", limits.fileBytes);
    // Something left running may have changed it since it was hashed, and approved.
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) {
      throw new CoderError("conflict", `${places.get(sha256)} changed while it was being deployed.`);
    }
    return bytes;
  };
  return { manifest, read };
}

interface Content {
  manifest: SiteManifest;
  contentHash: string;
  read(sha256: string): Promise<Uint8Array>;
}

async function publish(
  { target, context }: DeployRequest,
  content: Content,
): ReturnType<DeployPlan["publish"]> {
  await upload(context, content);
  context.crashPoint("mid-deploy");
  // Other content (a build that is not reproducible, run again) is another deployment.
  const deploymentId = context.idempotencyId(`deployment ${content.contentHash}`);
  const name = target === "prod" ? "" : context.run.ref;
  const slug = await context.publish({ id: deploymentId, kind: target, name, manifest: content.manifest });
  const url = siteUrl(context.settings.url, slug);
  await verify(url, content.manifest["index.html"]?.sha256 ?? "");
  return { url, deploymentId };
}

async function upload(context: StepContext, { manifest, read }: Content): Promise<void> {
  const types = new Map(Object.values(manifest).map((file) => [file.sha256, file.type]));
  const todo = [...types];
  const worker = async (): Promise<void> => {
    for (let next = todo.pop(); next; next = todo.pop()) {
      const [sha256, type] = next;
      const name = `${context.run.orgId}/${sha256}`;
      context.signal.throwIfAborted();
      if (await context.store.exists("sites", name)) continue;
      await context.store.put({ bucket: "sites", name, bytes: await read(sha256), contentType: type });
    }
  };
  await Promise.all(Array.from({ length: uploadsAtOnce }, worker));
}

/** http://localhost:3000 and the slug make http://<slug>.localhost:3000 */
function siteUrl(stackUrl: string, slug: string): string {
  const url = new URL(stackUrl);
  return `${url.protocol}//${slug}.${url.host}/`;
}

const verifyForMs = 10_000;

/**
 * Asks the stack for the site as a browser would, until it serves the new page. Names under .localhost do not resolve
 * everywhere outside browsers, so the request goes to the stack's address with the site's Host.
 */
async function verify(siteAddress: string, sha256: string): Promise<void> {
  const until = performance.now() + verifyForMs;
  for (;;) {
    const answer = await requestSite(siteAddress);
    if (answer.status === 200 && createHash("sha256").update(answer.body).digest("hex") === sha256) return;
    if (performance.now() > until) {
      throw new CoderError(
        "unavailable",
        `${siteAddress} does not serve what was deployed: it answers ${answer.status}.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function requestSite(siteAddress: string): Promise<{ status: number; body: Uint8Array }> {
  const url = new URL(siteAddress);
  const local = url.hostname.endsWith(".localhost");
  const { request } = url.protocol === "https:" ? await import("node:https") : await import("node:http");
  return new Promise((resolve) => {
    const sent = request(
      {
        host: local ? "localhost" : url.hostname,
        port: url.port,
        path: "/",
        headers: { host: url.host, "accept-encoding": "identity" },
        timeout: 5_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      },
    );
    // Not there is an answer as well: the caller asks again until its deadline.
    sent.on("error", () => resolve({ status: 0, body: Buffer.alloc(0) }));
    sent.on("timeout", () => sent.destroy());
    sent.end();
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

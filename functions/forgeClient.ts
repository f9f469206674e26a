import { z } from "zod";
import { CoderError, httpStatusByCode, type ErrorCode } from "../shared/errors.ts";
import type { Deps } from "./deps.ts";

const sha = z.string();
const refsSchema = z.object({
  defaultBranch: z.string(),
  head: sha.nullable(),
  refs: z.array(z.object({ name: z.string(), commit: sha })),
});
const treeSchema = z.object({
  commit: sha,
  entries: z.array(z.object({ path: z.string(), size: z.number(), mode: z.string(), sha })),
});
const filesSchema = z.object({
  commit: sha,
  files: z.array(z.object({ path: z.string(), mode: z.string(), content: z.string() })),
  skipped: z.array(z.object({ path: z.string(), size: z.number() })),
});
const logSchema = z.object({
  commits: z.array(
    z.object({
      sha,
      parents: z.array(sha),
      author: z.string(),
      email: z.string(),
      at: z.string(),
      message: z.string(),
    }),
  ),
});
const diffSchema = z.object({
  base: sha,
  head: sha,
  mergeBase: sha.nullable(),
  files: z.array(
    z.object({
      path: z.string(),
      oldPath: z.string().optional(),
      status: z.string(),
      additions: z.number(),
      deletions: z.number(),
      binary: z.boolean(),
    }),
  ),
  patch: z.string(),
  truncated: z.boolean().default(false),
});
const commitSchema = z.object({ commit: sha });
const maybeCommitSchema = z.object({ commit: sha.nullable() });
const errorSchema = z.object({
  error: z.object({
    code: z.enum(Object.keys(httpStatusByCode) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    details: z.unknown().optional(),
  }),
});

interface ForgeFileEdit {
  path: string;
  content: string | null;
  encoding: "utf8" | "base64";
}

/** The forge's JSON API for one project, as the bearer of `token`. Throws what the forge answered as a `CoderError`. */
export interface ForgeClient {
  create(files: readonly { path: string; content: string }[], message: string): Promise<void>;
  importUrl(url: string): Promise<void>;
  importZip(zip: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(): Promise<void>;
  refs(): Promise<z.infer<typeof refsSchema>>;
  tree(ref: string): Promise<z.infer<typeof treeSchema>>;
  files(ref: string): Promise<z.infer<typeof filesSchema>>;
  blob(ref: string, path: string): Promise<Uint8Array>;
  log(
    ref: string,
    page: { limit: number; before?: string | undefined; path?: string | undefined },
  ): Promise<z.infer<typeof logSchema>>;
  diff(base: string, head: string): Promise<z.infer<typeof diffSchema>>;
  commit(request: {
    branch: string;
    base?: string;
    expectedHead?: string | null;
    message: string;
    files: readonly ForgeFileEdit[];
  }): Promise<string>;
  merge(request: { into: string; head: string; expectedHead: string; message: string }): Promise<string>;
  deleteBranch(branch: string): Promise<void>;
  reportCheck(report: {
    commit: string;
    name: string;
    status: string;
    url?: string | undefined;
    source: string;
  }): Promise<string>;
}

interface Call {
  method?: "GET" | "POST" | "DELETE";
  query?: Record<string, string | undefined>;
  json?: unknown;
  zip?: Uint8Array<ArrayBuffer>;
  timeoutMs?: number;
}

const importTimeoutMs = 180_000;

export function createForgeClient(
  deps: Pick<Deps, "fetch" | "forgeUrl">,
  token: string,
  projectId: string,
): ForgeClient {
  async function send(action: string, call: Call = {}): Promise<Response> {
    const url = new URL(`${deps.forgeUrl}/${projectId}/${action}`);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    const headers = new Headers({ authorization: `Bearer ${token}` });
    if (call.json !== undefined) headers.set("content-type", "application/json");
    if (call.zip !== undefined) headers.set("content-type", "application/zip");
    const body = call.json === undefined ? (call.zip ?? null) : JSON.stringify(call.json);
    const signal = AbortSignal.timeout(call.timeoutMs ?? 60_000);
    let response: Response;
    try {
      response = await deps.fetch(url, { method: call.method ?? "GET", headers, body, signal });
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "TimeoutError") {
        throw new CoderError("timeout", `The repository did not answer ${action || "create"} in time`, {
          cause,
        });
      }
      throw new CoderError(
        "unavailable",
        "The repository cannot be reached right now; try again in a moment",
        { cause },
      );
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }
  async function ask<T>(schema: z.ZodType<T>, action: string, call?: Call): Promise<T> {
    return schema.parse(await (await send(action, call)).json());
  }

  return {
    async create(files, message) {
      await ask(maybeCommitSchema, "", { method: "POST", json: { files, message } });
    },
    async importUrl(url) {
      await ask(maybeCommitSchema, "import", { method: "POST", json: { url }, timeoutMs: importTimeoutMs });
    },
    async importZip(zip) {
      await ask(maybeCommitSchema, "import", { method: "POST", zip, timeoutMs: importTimeoutMs });
    },
    async remove() {
      await (await send("", { method: "DELETE" })).body?.cancel();
    },
    refs: () => ask(refsSchema, "refs"),
    tree: (ref) => ask(treeSchema, "tree", { query: { ref } }),
    files: (ref) => ask(filesSchema, "files", { query: { ref } }),
    async blob(ref, path) {
      return new Uint8Array(await (await send("blob", { query: { ref, path } })).arrayBuffer());
    },
    log: (ref, page) =>
      ask(logSchema, "log", {
        query: { ref, limit: String(page.limit), before: page.before, path: page.path },
      }),
    diff: (base, head) => ask(diffSchema, "diff", { query: { base, head } }),
    commit: async (request) => (await ask(commitSchema, "commit", { method: "POST", json: request })).commit,
    merge: async (request) => (await ask(commitSchema, "merge", { method: "POST", json: request })).commit,
    reportCheck: async (report) =>
      (await ask(z.object({ id: z.string() }), "checks", { method: "POST", json: report })).id,
    async deleteBranch(branch) {
      await (await send("refs", { method: "DELETE", query: { branch } })).body?.cancel();
    },
  };
}

async function errorOf(response: Response): Promise<CoderError> {
  const text = await response.text();
  const parsed = errorSchema.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.error.code === "internal") {
    const cause = new Error(`Forge answered ${response.status}: ${text.slice(0, 500)}`);
    return new CoderError("unavailable", "The repository cannot be read right now; try again in a moment", {
      cause,
    });
  }
  const { code, message, details } = parsed.data.error;
  return new CoderError(code, message, { details });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A proxy's HTML page, not the forge's answer: the caller reports it with its status.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

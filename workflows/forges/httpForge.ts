import { z } from "zod";
import { CoderError, httpStatusByCode, type ErrorCode } from "../../shared/errors.ts";
import { commitInfoSchema, diffSchema, refsSchema, tagsSchema, treeSchema, type Forge } from "./forge.ts";

export interface HttpForgeOptions {
  /** Origin of the stack, e.g. http://localhost:3000. */
  url: string;
  projectId: string;
  /** The service key. */
  token: string;
  /** The run that this is done for: events name it, and know how deep it is. */
  runId?: string;
  fetch?: typeof fetch;
}

const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
});
const commitSchema = z.object({ commit: z.string() });

/** The embedded forge as another process sees it. Errors come back as the `CoderError` that the forge threw. */
export function httpForge(options: HttpForgeOptions): Forge {
  const send = options.fetch ?? fetch;
  const base = `${options.url}/forge/v1/${options.projectId}`;

  async function call(
    action: string,
    query: Record<string, string>,
    init: RequestInit = {},
  ): Promise<Response> {
    const headers = {
      authorization: `Bearer ${options.token}`,
      "content-type": "application/json",
      ...(options.runId === undefined ? {} : { "x-coder-run": options.runId }),
    };
    const response = await send(`${base}/${action}?${new URLSearchParams(query).toString()}`, {
      ...init,
      headers,
    }).catch((cause: unknown) => {
      throw new CoderError("unavailable", "The forge cannot be reached", { cause });
    });
    if (response.ok) return response;
    const parsed = errorSchema.safeParse(await response.json().catch(() => null));
    if (!parsed.success)
      throw new CoderError("unavailable", `The forge answered ${response.status} to ${action}`);
    const { code, message, details } = parsed.data.error;
    throw new CoderError(isErrorCode(code) ? code : "internal", message, { details });
  }
  const read = async <T extends z.ZodType>(
    schema: T,
    action: string,
    query: Record<string, string>,
  ): Promise<z.output<T>> => schema.parse(await (await call(action, query)).json());
  const write = async (action: string, body: unknown): Promise<string> =>
    commitSchema.parse(await (await call(action, {}, { method: "POST", body: JSON.stringify(body) })).json())
      .commit;

  return {
    refs: () => read(refsSchema, "refs", {}),
    tree: (ref) => read(treeSchema, "tree", { ref }),
    blob: async (ref, path) => new Uint8Array(await (await call("blob", { ref, path })).arrayBuffer()),
    log: async (ref, page) => {
      const query = {
        ref,
        limit: String(page.limit),
        ...(page.before === undefined ? {} : { before: page.before }),
        ...(page.since === undefined ? {} : { since: page.since }),
        ...(page.path === undefined ? {} : { path: page.path }),
      };
      return (await read(z.object({ commits: z.array(commitInfoSchema) }), "log", query)).commits;
    },
    diff: (from, head) => read(diffSchema, "diff", { base: from, head }),
    commit: (request) => write("commit", request),
    merge: (request) => write("merge", request),
    openChange: async (request) => {
      const response = await call("changes", {}, { method: "POST", body: JSON.stringify(request) });
      return z.object({ number: z.number() }).parse(await response.json()).number;
    },
    tags: async () => (await read(tagsSchema, "tags", {})).tags,
    tag: async (request) => {
      await call("tags", {}, { method: "POST", body: JSON.stringify(request) });
    },
    deleteBranch: async (branch) => {
      await call("refs", { branch }, { method: "DELETE" });
    },
  };
}

function isErrorCode(code: string): code is ErrorCode {
  return code in httpStatusByCode;
}

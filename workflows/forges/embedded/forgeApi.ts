import { z } from "zod";
import { CoderError } from "../../../shared/errors.ts";
import {
  changeRequestSchema,
  checkReportSchema,
  commitRequestSchema,
  mergeRequestSchema,
  tagRequestSchema,
  type ChangeRequest,
  type CheckReport,
} from "../forge.ts";
import type { Author } from "../forge.ts";
import type { Access } from "./authorize.ts";
import { importUrl } from "./importUrl.ts";
import { importZip } from "./importZip.ts";
import type { Repository } from "./repository.ts";

export interface ForgeCall {
  repository: Repository;
  author: Author;
  request: Request;
  url: URL;
  allowInternalImport: boolean;
  /** Called with the branch that an import brought as the default. */
  setDefaultBranch(branch: string): Promise<void>;
  openChange(request: ChangeRequest): Promise<number>;
  /** Throws `conflict` naming the required checks that have not passed on `commit`, if a merge into `branch` needs them. */
  requireChecks(branch: string, commit: string): Promise<void>;
  /** The merge of a change that is merged, or null for one that may be. Throws `conflict` when it is closed, a draft, or of other branches. */
  mergedCommit(change: number, branches: { into: string; head: string }): Promise<string | null>;
  reportCheck(report: CheckReport): Promise<string>;
  byService: boolean;
}

interface Route {
  access: Access;
  /** What it does to branches: nothing, move them, or fill a new repository. */
  writes?: "moves" | "fills";
  handle(call: ForgeCall): Promise<Response>;
}

const createSchema = z.object({
  files: z
    .array(z.object({ path: z.string(), content: z.base64() }))
    .max(20_000)
    .default([]),
  message: z.string().min(1).max(20_000).default("First commit"),
});
const importSchema = z.object({ url: z.string().max(2000) });

const parameter = (call: ForgeCall, name: string): string => {
  const value = call.url.searchParams.get(name);
  if (value === null || value === "") throw new CoderError("bad_input", `The parameter ${name} is missing`);
  return value;
};
const refOf = (call: ForgeCall): string => call.url.searchParams.get("ref") ?? call.repository.defaultBranch;

/** The JSON API of one repository by "METHOD action"; the action is what follows `/forge/v1/<projectId>`. */
export const forgeRoutes: Record<string, Route> = {
  "POST ": { access: "write", writes: "fills", handle: create },
  "DELETE ": {
    access: "write",
    async handle({ repository, byService }) {
      // A writer must not be able to destroy what only an admin may delete; the API asks for an admin and calls as the service.
      if (!byService)
        throw new CoderError(
          "forbidden",
          "A repository goes with its project; an admin deletes it in the project's settings",
        );
      await repository.remove();
      return Response.json({});
    },
  },
  "POST import": { access: "write", writes: "fills", handle: importInto },
  "GET archive": {
    access: "read",
    async handle(call) {
      return new Response(Buffer.from(await call.repository.archive(refOf(call))), {
        headers: { "content-type": "application/zip" },
      });
    },
  },
  "GET refs": { access: "read", handle: async ({ repository }) => Response.json(await repository.refs()) },
  "GET tree": {
    access: "read",
    handle: async (call) => Response.json(await call.repository.tree(refOf(call))),
  },
  "GET files": {
    access: "read",
    handle: async (call) => Response.json(await call.repository.files(refOf(call))),
  },
  "GET blob": {
    access: "read",
    async handle(call) {
      const bytes = await call.repository.blob(refOf(call), parameter(call, "path"));
      // Never a type that a browser would run.
      return new Response(Buffer.from(bytes), {
        headers: { "content-type": "application/octet-stream", "x-content-type-options": "nosniff" },
      });
    },
  },
  "GET log": {
    access: "read",
    async handle(call) {
      const before = call.url.searchParams.get("before");
      const path = call.url.searchParams.get("path");
      const limit = Number(call.url.searchParams.get("limit") ?? "50");
      const since = call.url.searchParams.get("since");
      const commits = await call.repository.log(refOf(call), {
        limit,
        ...(before === null ? {} : { before }),
        ...(since === null ? {} : { since }),
        ...(path === null ? {} : { path }),
      });
      return Response.json({ commits });
    },
  },
  "GET diff": {
    access: "read",
    handle: async (call) =>
      Response.json(await call.repository.diff(parameter(call, "base"), parameter(call, "head"))),
  },
  "POST commit": {
    access: "write",
    writes: "moves",
    async handle({ repository, request, author }) {
      return Response.json({
        commit: await repository.commit(await parseBody(request, commitRequestSchema), author),
      });
    },
  },
  "POST merge": {
    access: "write",
    writes: "moves",
    async handle({ repository, request, author, requireChecks, mergedCommit }) {
      const merge = await parseBody(request, mergeRequestSchema);
      const merged = merge.change === undefined ? null : await mergedCommit(merge.change, merge);
      if (merged !== null) return Response.json({ commit: merged });
      await requireChecks(merge.into, merge.expectedHead);
      return Response.json({ commit: await repository.merge(merge, author) });
    },
  },
  "POST checks": {
    access: "write",
    async handle({ repository, request, reportCheck }) {
      const report = await parseBody(request, checkReportSchema);
      if ((await repository.resolve(report.commit)) === null)
        throw new CoderError("not_found", `There is no commit ${report.commit} in this project`);
      return Response.json({ id: await reportCheck(report) });
    },
  },
  "POST changes": {
    access: "write",
    async handle({ request, openChange, byService }) {
      // People open changes through the product's API, which names them.
      if (!byService) throw new CoderError("forbidden", "Only a worker opens changes here");
      return Response.json({ number: await openChange(await parseBody(request, changeRequestSchema)) });
    },
  },
  "GET tags": {
    access: "read",
    handle: async ({ repository }) => Response.json({ tags: await repository.tags() }),
  },
  "POST tags": {
    access: "write",
    async handle({ repository, request, author }) {
      await repository.tag(await parseBody(request, tagRequestSchema), author);
      return Response.json({});
    },
  },
  "DELETE refs": {
    access: "write",
    writes: "moves",
    async handle(call) {
      await call.repository.deleteBranch(parameter(call, "branch"));
      return Response.json({});
    },
  },
};

/** Idempotent: a repository that has commits is left as it is. */
async function create({ repository, request, author }: ForgeCall): Promise<Response> {
  const { files, message } = await parseBody(request, createSchema);
  await repository.create();
  const { head } = await repository.refs();
  if (head !== null || files.length === 0) return Response.json({ commit: head });
  const commit = await repository.importCommit({
    branch: repository.defaultBranch,
    current: null,
    from: null,
    author,
    message,
    files: files.map((file) => ({ path: file.path, content: Buffer.from(file.content, "base64") })),
  });
  return Response.json({ commit });
}

async function importInto(call: ForgeCall): Promise<Response> {
  const { repository, request, author } = call;
  await repository.create();
  if ((await repository.refs()).refs.length > 0)
    throw new CoderError("conflict", "This repository has commits already; import makes a new project");
  if (request.headers.get("content-type") === "application/zip") {
    const files = await importZip(new Uint8Array(await request.arrayBuffer()));
    const commit = await repository.importCommit({
      branch: repository.defaultBranch,
      current: null,
      from: null,
      author,
      message: "Import from a zip",
      files,
    });
    return Response.json({ commit });
  }
  const { url } = await parseBody(request, importSchema);
  const branch = await importUrl(repository, url, call.allowInternalImport);
  if (branch !== null && branch !== repository.defaultBranch) await call.setDefaultBranch(branch);
  return Response.json({
    commit: await repository.resolve(branch ?? repository.defaultBranch),
    defaultBranch: branch ?? repository.defaultBranch,
  });
}

async function parseBody<T extends z.ZodType>(request: Request, schema: T): Promise<z.output<T>> {
  const body: unknown = await request.json().catch((cause: unknown) => {
    throw new CoderError("bad_input", "The body is not JSON", { cause });
  });
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new CoderError("bad_input", z.prettifyError(parsed.error));
  return parsed.data;
}

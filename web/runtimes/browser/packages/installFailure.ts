import { z } from "zod";
import type { ErrorCode } from "../../../../shared/errors.ts";
import { CoderError, httpStatusByCode, toCoderError } from "../../../../shared/errors.ts";
import type { PreviewFailure } from "../../runtime.ts";

const errorBodySchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }),
});

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(httpStatusByCode, code);
}

/** The error in a response of our own `/npm`; any other body becomes `unavailable` with its status. */
export async function errorOfResponse(response: Response, what: string): Promise<CoderError> {
  const text = await response.text().catch((error: unknown) => `the answer broke off: ${String(error)}`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const parsed = errorBodySchema.safeParse(body);
  if (parsed.success && isErrorCode(parsed.data.error.code)) {
    const { code, message, details } = parsed.data.error;
    return new CoderError(code, message, { details });
  }
  return new CoderError("unavailable", `${what} failed: the server answered ${response.status}.`, {
    details: { reason: "registry_unavailable", body: text.slice(0, 500) },
  });
}

const reasonsOfUser = new Set([
  "unknown_package",
  "no_matching_version",
  "unsupported_spec",
  "invalid_name",
  "invalid_manifest",
]);
const detailsSchema = z.object({
  reason: z.string().optional(),
  package: z.string().optional(),
  requiredBy: z.array(z.string()).optional(),
});

/** Line (1-based) of a dependency's entry in the text of package.json. */
function lineOfDependency(manifestText: string | undefined, name: string): number | undefined {
  const index =
    manifestText?.split("\n").findIndex((line) => line.includes(`"${name}"`) && line.includes(":")) ?? -1;
  return index === -1 ? undefined : index + 1;
}

/** The project's own dependency that led to the failing one. */
function rootDependency(details: z.infer<typeof detailsSchema>): string | undefined {
  const first = details.requiredBy?.[0];
  return first === undefined ? details.package : first.slice(0, first.lastIndexOf("@"));
}

/** Any failure of an installation as the error that the preview shows: a `PreviewFailure` of type "install". */
export function toInstallFailure(thrown: unknown, manifestText: string | undefined): CoderError {
  const error = toCoderError(thrown);
  const details = detailsSchema.safeParse(error.details).data ?? {};
  const isUsers = details.reason !== undefined && reasonsOfUser.has(details.reason);
  const name = isUsers ? rootDependency(details) : undefined;
  const line = name === undefined ? undefined : lineOfDependency(manifestText, name);
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  const failure: PreviewFailure = {
    type: "install",
    message: error.message,
    ...(isUsers ? { file: "package.json" } : {}),
    ...(line === undefined ? {} : { line }),
    ...(cause === undefined ? {} : { detail: cause }),
    remedy: isUsers
      ? { label: "Open package.json", action: "open-file" }
      : { label: "Install again", action: "retry" },
  };
  return new CoderError(error.code, error.message, { cause: error, details: failure });
}

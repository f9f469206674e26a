import { CoderError } from "../../shared/errors.ts";
import { makeRateLimit } from "../../shared/rateLimit.ts";
import type { Deps } from "../deps.ts";
import { auditRefusal } from "../sql/auditRefusal.ts";
import type { HookAddress } from "../sql/findHook.ts";
import { recordHookDelivery } from "../sql/recordHookDelivery.ts";
import type { Json } from "../views.ts";
import { withBoundedBody } from "../withBoundedBody.ts";
import { makeFindSigners, type Signers } from "./findSigners.ts";
import { verifySignature, type Signed } from "./verifySignature.ts";

/** Takes a request in, given its path (`/hooks/…`). */
export type HookReceiver = (request: Request, path: string) => Promise<Response>;

const maxBodyBytes = 1024 * 1024;
const address =
  /^\/hooks\/(?:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|([a-z0-9-]{1,39})\/([a-z0-9-]{1,60}))\/([a-z0-9][a-z0-9_-]{0,63})$/;

/**
 * Webhooks: `POST /hooks/<project id>/<name>` or `/hooks/<org>/<project>/<name>`, signed with the secret that the
 * trigger names. Whoever is refused learns nothing: an unknown project, an unknown hook, a missing secret and a wrong
 * signature have one answer. The same delivery again has the answer of the first time.
 */
export function createHookReceiver(deps: Deps): HookReceiver {
  // In front of the database: a flood at one address is turned away there, a burst of real deliveries is not.
  const requests = makeRateLimit({ burst: 3000, perSecond: 100, now: () => deps.now() });
  // The audit log tells of a siege without being filled by it.
  const audits = makeRateLimit({ burst: 10, perSecond: 1 / 60, now: () => deps.now() });

  const findSigners = makeFindSigners(deps);

  return async (request, path) => {
    if (request.method !== "POST") throw new CoderError("bad_input", "A webhook is a POST request");
    const asked = readAddress(path);
    if (!requests.take(path))
      throw new CoderError("rate_limited", "Too many deliveries to this address; try again in a moment");
    const isJson = /^application\/(?:[\w.-]+\+)?json\b/i.test(request.headers.get("content-type") ?? "");
    if (!isJson)
      throw new CoderError("bad_input", "A webhook's body is JSON: send content-type application/json");
    const text = await (await withBoundedBody(request, maxBodyBytes)).text();
    const hook = asked === undefined ? undefined : await findSigners(path, asked);
    const signed = await verify(hook, { headers: request.headers, text });
    if ("refused" in signed) {
      if (hook !== undefined && asked !== undefined && audits.take(hook.projectId))
        await auditRefusal(deps, hook, { name: asked.name, rule: signed.refused });
      throw new CoderError("unauthenticated", "There is no webhook here that this request's signature fits");
    }
    const body = readJson(text);
    const deliveryId = await recordHookDelivery(deps, {
      projectId: signed.projectId,
      name: signed.name,
      key: `${signed.name}/${signed.id}`,
      payload: {
        event: "webhook",
        name: signed.name,
        id: signed.id,
        secret_ref: signed.secretRef,
        type: request.headers.get("x-github-event") ?? typeOf(body),
        body,
      },
    });
    return Response.json({ deliveryId });
  };
}

function readAddress(path: string): HookAddress | undefined {
  const [, projectId, org, project, name] = address.exec(path) ?? [];
  if (name === undefined) return undefined;
  if (projectId !== undefined) return { projectId, name };
  return org === undefined || project === undefined ? undefined : { org, project, name };
}

type Verified = { projectId: string; name: string; secretRef: string; id: string } | { refused: string };

/** Tries the secret of each trigger of that name; without one, a secret that nobody has, so that the time tells nothing. */
async function verify(hook: Signers | undefined, message: Signed): Promise<Verified> {
  let refused = hook === undefined || hook.secretRefs.length === 0 ? "unknown" : "secret";
  if (hook !== undefined) {
    for (const { secretRef, secret } of hook.secrets) {
      const result = await verifySignature(secret, message);
      if ("id" in result) return { projectId: hook.projectId, name: hook.name, secretRef, id: result.id };
      refused = result.refused;
    }
  }
  if (refused === "unknown" || refused === "secret") await verifySignature("nobody has this secret", message);
  return { refused };
}

function readJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw new CoderError("bad_input", "The webhook's body is not JSON", { cause });
  }
}

/** Standard Webhooks have the event's type in the body. */
function typeOf(body: Json): Json {
  return typeof body === "object" && body !== null && !Array.isArray(body) ? (body["type"] ?? null) : null;
}

import { CoderError } from "../../shared/errors.ts";
import type { Accounts, AuthSession } from "./accounts.ts";
import { isForeign } from "./hosts.ts";

/** The account of whoever owns the machine. No mail reaches it and nobody else can sign up with it. */
const ownerEmail = "owner@localhost";

/** Makes the owner's account at the first start; later it is found. */
export async function ensureOwner(accounts: Accounts): Promise<void> {
  if (await accounts.findByEmail(ownerEmail)) return;
  await accounts.create({ email: ownerEmail, user_metadata: { name: "Owner" } });
}

/**
 * `POST /local/owner-session`: a session of the owner, without a password. Only for a page of the Studio itself on this
 * machine: the connection is from the loopback interface, the Host is localhost, and the browser says same origin.
 * @throws CoderError `forbidden` for anybody else.
 */
export async function ownerSession(input: {
  request: Request;
  ownOrigin: string;
  peerAddress: string;
  accounts: Accounts;
}): Promise<AuthSession> {
  const { request, ownOrigin, peerAddress, accounts } = input;
  if (request.method !== "POST") throw new CoderError("bad_input", "This address answers POST.");
  const isLoopback =
    peerAddress === "127.0.0.1" || peerAddress === "::1" || peerAddress === "::ffff:127.0.0.1";
  const isStudio = new URL(ownOrigin).hostname === "localhost" && request.headers.get("origin") === ownOrigin;
  if (!isLoopback || !isStudio || isForeign(request, ownOrigin) || isProxied(request)) {
    throw new CoderError(
      "forbidden",
      "Only the Studio at localhost, on the machine that it runs on, can sign in as its owner.",
    );
  }
  const owner = await accounts.findByEmail(ownerEmail);
  if (!owner)
    throw new CoderError("not_found", "This installation has no owner account yet; wait until it is ready.");
  return accounts.openSession(owner);
}

/** A proxy or tunnel makes the whole world look like the loopback interface. */
function isProxied(request: Request): boolean {
  return ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via", "cf-connecting-ip"].some(
    (name) => request.headers.has(name),
  );
}

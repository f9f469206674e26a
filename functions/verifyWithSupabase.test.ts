import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyWithSecret } from "./verifyWithSecret.ts";
import { verifyWithSupabase } from "./verifyWithSupabase.ts";

const sharedSecret = new TextEncoder().encode("the older shared secret of a project");
const claims = { sub: "3f0a3c3e-1f5e-4b7e-9a53-2f3a6c1f9a10", role: "authenticated", email: "a@example.com" };

let keys: { publicKey: CryptoKey; privateKey: CryptoKey };
let auth: Server;
let url: string;
let asked: string[];
/** The token that the auth server's /user accepts. */
let goodToken = "";

beforeAll(async () => {
  keys = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "ES256", use: "sig" };
  asked = [];
  auth = createServer((request, response) => {
    asked.push(request.url ?? "");
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.url === "/auth/v1/.well-known/jwks.json") answer(200, { keys: [jwk] });
    else if (request.headers.authorization === `Bearer ${goodToken}`)
      answer(200, { id: claims.sub, aud: "authenticated" });
    else answer(403, { code: 403, error_code: "bad_jwt", msg: "invalid JWT" });
  }).listen(0, "127.0.0.1");
  await once(auth, "listening");
  url = `http://127.0.0.1:${(auth.address() as AddressInfo).port}`;
});
afterAll(async () => {
  auth.closeAllConnections();
  auth.close();
  await once(auth, "close");
});

const sign = (payload: JWTPayload, expires: string) =>
  new SignJWT(payload)
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(keys.privateKey);

describe("verifyWithSupabase", () => {
  test("a token of the project's published keys is verified here, with one fetch of the keys", async () => {
    const verify = verifyWithSupabase(url, "anon");
    asked.length = 0;
    for (let count = 0; count < 3; count++)
      expect(await verify(await sign(claims, "1h"))).toMatchObject(claims);
    expect(asked).toEqual(["/auth/v1/.well-known/jwks.json"]);
  });

  test("an expired, a tampered and a foreign token are unauthenticated", async () => {
    const verify = verifyWithSupabase(url, "anon");
    const [head = "", body = "", signature = ""] = (await sign(claims, "1h")).split(".");
    const other = Buffer.from(JSON.stringify({ ...claims, sub: "b", exp: 9e9 })).toString("base64url");
    const foreign = await generateKeyPair("ES256");
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setExpirationTime("1h")
      .sign(foreign.privateKey);
    for (const token of [
      await sign(claims, "-1h"),
      `${head}.${other}.${signature}`,
      `${head}.${body}.`,
      forged,
      "nonsense",
    ]) {
      await expect(verify(token)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });

  test("a token of the shared secret is put to the auth server", async () => {
    const verify = verifyWithSupabase(url, "anon");
    const old = (payload: JWTPayload) =>
      new SignJWT(payload).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h").sign(sharedSecret);
    goodToken = await old(claims);
    expect(await verify(goodToken)).toMatchObject(claims);
    await expect(verify(await old({ ...claims, sub: "b" }))).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  test("an auth server that is away is not a refusal", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const { port } = gone.address() as AddressInfo;
    gone.close();
    await once(gone, "close");
    // By another name: supabase-js keeps the keys of a host name for the whole process.
    const verify = verifyWithSupabase(`http://localhost:${port}`, "anon");
    await expect(verify(await sign(claims, "1h"))).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("verifyWithSecret", () => {
  const verify = verifyWithSecret(new TextDecoder().decode(sharedSecret));

  test("takes HS256 with the secret only", async () => {
    const token = (alg: string) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg })
        .setExpirationTime("1h")
        .sign(new Uint8Array([...sharedSecret, ...new Uint8Array(64)]));
    const good = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(sharedSecret);
    expect(await verify(good)).toMatchObject(claims);
    const hs384 = await new SignJWT(claims).setProtectedHeader({ alg: "HS384" }).sign(new Uint8Array(64));
    for (const wrong of [await token("HS256"), hs384, await sign(claims, "1h"), ""]) {
      await expect(verify(wrong)).rejects.toMatchObject({ code: "unauthenticated" });
    }
  });

  test("an expired session says so; a token without a role is nobody's", async () => {
    const expired = await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("-1s")
      .sign(sharedSecret);
    await expect(verify(expired)).rejects.toThrow("Your session has expired; sign in again");
    const roleless = await new SignJWT({ sub: claims.sub })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(sharedSecret);
    await expect(verify(roleless)).rejects.toMatchObject({ code: "unauthenticated" });
  });
});

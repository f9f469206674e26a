import { CoderError } from "../errors.ts";
import type { SecretKey, SecretKeys } from "./secretKeys.ts";

/**
 * How a secret is kept: AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits. Where the secret belongs is
 * authenticated with it, so that a row copied over another one does not open. WebCrypto: the same on Node and Deno.
 */

/** What a command is given: a placeholder that the sandbox's proxy replaces on its way out, or the value itself. */
export const secretForms = ["placeholder", "value"] as const;
export type SecretForm = (typeof secretForms)[number];

/** Where a secret belongs. Changing any of it needs the value anew. */
export interface SecretPlace {
  orgId: string;
  /** null: every project of the organisation. */
  projectId: string | null;
  /** Empty: every environment. */
  environment: string;
  name: string;
  givenAs: SecretForm;
}

export interface SealedSecret {
  keyId: string;
  /** base64 of nonce, ciphertext and tag. */
  ciphertext: string;
}

const nonceBytes = 12;

/** Seals a value for its place with the first key. */
export async function sealSecret(value: string, place: SecretPlace, keys: SecretKeys): Promise<SealedSecret> {
  const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
  const key = await importKey(keys[0]);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv: nonce, additionalData: placeBytes(place) },
    key,
    new TextEncoder().encode(value),
  );
  const bytes = new Uint8Array(nonceBytes + sealed.byteLength);
  bytes.set(nonce);
  bytes.set(new Uint8Array(sealed), nonceBytes);
  return { keyId: keys[0].id, ciphertext: toBase64(bytes) };
}

/**
 * Opens what was sealed for this very place.
 * @throws CoderError `unavailable` when its key is not among `keys`, or when anything of it was changed.
 */
export async function openSecret(
  sealed: SealedSecret,
  place: SecretPlace,
  keys: SecretKeys,
): Promise<string> {
  const key = keys.find((one) => one.id === sealed.keyId);
  if (key === undefined) {
    throw new CoderError(
      "unavailable",
      `The secret ${place.name} is sealed with the key "${sealed.keyId}", which CODER_SECRETS_KEY does not hold here.`,
    );
  }
  try {
    const bytes = Uint8Array.from(atob(sealed.ciphertext), (char) => char.charCodeAt(0));
    const value = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: bytes.slice(0, nonceBytes), additionalData: placeBytes(place) },
      await importKey(key),
      bytes.slice(nonceBytes),
    );
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch (cause) {
    throw new CoderError(
      "unavailable",
      `The secret ${place.name} cannot be opened: it was changed, or sealed elsewhere. Set it again.`,
      { cause },
    );
  }
}

function importKey(key: SecretKey): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key.bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** A list in JSON: no two places have the same bytes. */
function placeBytes({ orgId, projectId, environment, name, givenAs }: SecretPlace): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(
    JSON.stringify(["coder-secret-1", orgId, projectId, environment, name, givenAs]),
  );
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: the arguments of a call are limited.
  for (let from = 0; from < bytes.length; from += 8192)
    text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(text);
}

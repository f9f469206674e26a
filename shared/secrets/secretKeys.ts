import { CoderError } from "../errors.ts";

/** One key of the installation: 32 bytes for AES-256, and the name that sealed values carry. */
export interface SecretKey {
  id: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Not empty: the first key seals, every one opens. */
export type SecretKeys = readonly [SecretKey, ...SecretKey[]];

/**
 * Reads `CODER_SECRETS_KEY`: `id:key`, with commas between several; a key is 32 bytes in base64 (`openssl rand -base64 32`).
 * A key alone has the id `1`. Undefined for no text: such an installation keeps no secrets.
 * @throws CoderError `bad_input` naming the entry that is wrong, never the key.
 */
export function readSecretKeys(text: string | undefined): SecretKeys | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const [first, ...others] = text.split(",").map((entry, index) => readEntry(entry.trim(), index + 1));
  const keys = first === undefined ? undefined : ([first, ...others] as const);
  if (keys !== undefined && new Set(keys.map((key) => key.id)).size < keys.length)
    throw new CoderError("bad_input", "CODER_SECRETS_KEY names a key twice; give each an id of its own.");
  return keys;
}

function readEntry(entry: string, position: number): SecretKey {
  const colon = entry.indexOf(":");
  const id = colon === -1 ? "1" : entry.slice(0, colon);
  const bytes = decodeBase64(entry.slice(colon + 1));
  if (!/^[A-Za-z0-9_-]{1,40}$/.test(id) || bytes?.length !== 32) {
    throw new CoderError(
      "bad_input",
      `Entry ${position} of CODER_SECRETS_KEY is not \`id:key\` with a key of 32 bytes in base64; make one with \`openssl rand -base64 32\`.`,
    );
  }
  return { id, bytes };
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) =>
      char.charCodeAt(0),
    );
  } catch {
    return undefined;
  }
}

import { hmac } from "@noble/hashes/hmac";
import { md5, sha1 } from "@noble/hashes/legacy";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2";
import { Buffer } from "buffer";

const hashes = { md5, sha1, sha256, sha384, sha512 };

function hashOf(name: string): (typeof hashes)[keyof typeof hashes] {
  const found = hashes[name.toLowerCase().replace("-", "") as keyof typeof hashes];
  if (found === undefined)
    throw new Error(
      `The hash "${name}" does not exist in the browser runtime: ${Object.keys(hashes).join(", ")}.`,
    );
  return found;
}

function bytesOf(data: string | Uint8Array, encoding?: BufferEncoding): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, encoding) : data;
}

interface Incremental {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

class Digest {
  readonly #state: Incremental;

  constructor(state: Incremental) {
    this.#state = state;
  }

  update(data: string | Uint8Array, encoding?: BufferEncoding): this {
    this.#state.update(bytesOf(data, encoding));
    return this;
  }

  digest(encoding?: BufferEncoding): Buffer | string {
    const buffer = Buffer.from(this.#state.digest());
    return encoding === undefined ? buffer : buffer.toString(encoding);
  }
}

/** Fills any size: the browser's generator gives 64 kB at a time. */
function randomFillSync<T extends Uint8Array>(target: T): T {
  for (let offset = 0; offset < target.length; offset += 65_536) {
    crypto.getRandomValues(
      target.subarray(offset, Math.min(target.length, offset + 65_536)) as Uint8Array<ArrayBuffer>,
    );
  }
  return target;
}

function randomInt(from: number, to?: number): number {
  const [low, high] = to === undefined ? [0, from] : [from, to];
  return low + Math.floor((crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) * ((high - low) / 2 ** 32));
}

function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) throw new RangeError("Input buffers must have the same byte length");
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}

/** The module "crypto": hashes, HMAC, random values and WebCrypto. Ciphers and keys are WebCrypto's. */
export const cryptoModule = {
  createHash: (name: string) => new Digest(hashOf(name).create()),
  createHmac: (name: string, key: string | Uint8Array) => new Digest(hmac.create(hashOf(name), bytesOf(key))),
  hash: (name: string, data: string | Uint8Array, encoding: BufferEncoding = "hex") =>
    Buffer.from(hashOf(name)(bytesOf(data))).toString(encoding),
  getHashes: () => Object.keys(hashes),
  randomBytes: (size: number) => randomFillSync(Buffer.alloc(size)),
  randomFillSync,
  randomInt,
  randomUUID: () => crypto.randomUUID(),
  getRandomValues: <T extends Uint8Array<ArrayBuffer>>(target: T) => crypto.getRandomValues(target),
  timingSafeEqual,
  webcrypto: crypto,
  subtle: crypto.subtle,
};

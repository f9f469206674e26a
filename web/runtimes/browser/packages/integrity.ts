import { CoderError } from "../../../../shared/errors.ts";

/** Strongest first. SHA-1 is what the registry has for the oldest packages; those have nothing better. */
const algorithms = [
  ["sha512", "SHA-512"],
  ["sha384", "SHA-384"],
  ["sha256", "SHA-256"],
  ["sha1", "SHA-1"],
] as const;

function toBase64(buffer: ArrayBuffer): string {
  let binary = "";
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * Checks bytes against a Subresource Integrity string by its strongest algorithm. Throws `bad_input` if none of its
 * checksums matches, or if there is none that can be checked. https://www.w3.org/TR/SRI/
 */
export async function verifyIntegrity(bytes: Uint8Array<ArrayBuffer>, integrity: string): Promise<void> {
  const entries = integrity.trim().split(/\s+/);
  for (const [prefix, algorithm] of algorithms) {
    const wanted = entries
      .filter((entry) => entry.startsWith(`${prefix}-`))
      .map((entry) => entry.slice(prefix.length + 1).split("?")[0]);
    if (wanted.length === 0) continue;
    const actual = toBase64(await crypto.subtle.digest(algorithm, bytes));
    if (wanted.includes(actual)) return;
    throw new CoderError("bad_input", `does not match its checksum (${prefix}): it was changed on the way`);
  }
  throw new CoderError("bad_input", "has no checksum that can be verified");
}

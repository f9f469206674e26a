import { Buffer } from "node:buffer";

/**
 * The answer to a push with more lines of `remote:` text in it: packets of side band 2 before the flush that ends it
 * (gitprotocol-pack(5), "side-band-64k"). Unchanged where the client asked for no side band.
 */
export function withRemoteMessages(answer: ArrayBuffer, lines: readonly string[]): ArrayBuffer {
  const bytes = Buffer.from(answer);
  const isBanded = bytes.length > 8 && (bytes[4] === 1 || bytes[4] === 2);
  if (lines.length === 0 || !isBanded || bytes.subarray(-4).toString() !== "0000") return answer;
  const packets = lines.map((line) => {
    const payload = Buffer.from(`\u0002${line}\n`);
    return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, "0")), payload]);
  });
  const joined = Buffer.concat([bytes.subarray(0, -4), ...packets, Buffer.from("0000")]);
  return new Uint8Array(joined).buffer;
}

const maxEditableBytes = 2_000_000;

/** Bytes as text, or null for what an editor of text would damage. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.length > maxEditableBytes || bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not UTF-8: a picture or an old encoding; shown as such by the caller.
    return null;
  }
}

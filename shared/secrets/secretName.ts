/** Why a secret cannot have this name, or undefined. Names are those of the language's `secrets.<NAME>`. */
export function secretNameProblem(name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name))
    return `"${name}" is not a name: letters, digits and _, not starting with a digit, at most 128`;
  // Names that change what a program loads or where it looks: somebody would put the secret there.
  const reserved =
    /^(CODER(_.*)?|LD_.*|DYLD_.*|PATH|HOME|SHELL|USER|IFS|ENV|BASH_ENV|NODE_OPTIONS|(.*_)?PROXY)$/;
  return reserved.test(name.toUpperCase()) ? `${name} is reserved; choose another name` : undefined;
}

/** Of a secret, in bytes of UTF-8. */
export const maxSecretBytes = 64 * 1024;
/** Anything shorter could not be taken out of logs without taking words out with it. */
export const minSecretLength = 4;

/**
 * The value as it is kept, or why it cannot be. The line break that a pasted line ends with is not part of it; a text of
 * several lines keeps its own.
 */
export function normalizeSecretValue(
  value: string,
  givenAs: "placeholder" | "value",
): { ok: true; value: string } | { ok: false; problem: string } {
  const line = value.replace(/\r?\n$/, "");
  const kept = /[\r\n]/.test(line) ? value : line;
  if (kept.trim().length < minSecretLength)
    return { ok: false, problem: `a value needs at least ${minSecretLength} characters` };
  if (new TextEncoder().encode(kept).length > maxSecretBytes)
    return { ok: false, problem: "a value may have 64 kB" };
  if (kept.includes("\0") || !kept.isWellFormed())
    return { ok: false, problem: "a value is text: no NUL characters, no broken characters" };
  // The proxy puts it into headers, which have one line.
  if (givenAs === "placeholder" && /[\r\n]/.test(kept))
    return {
      ok: false,
      problem: "several lines cannot be put in by the proxy: hand the value itself to commands",
    };
  return { ok: true, value: kept };
}

import { createHash } from "node:crypto";

/** A UUID (version 8) made from names: the same names give the same id on every worker and every execution. */
export function idempotencyId(...names: string[]): string {
  const hex = createHash("sha256").update(JSON.stringify(names)).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

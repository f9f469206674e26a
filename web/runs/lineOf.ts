/** The line that a URL's `#L120` names, from 1; null for any other. */
export function lineOf(hash: string): number | null {
  const match = /^#L([1-9]\d{0,8})$/.exec(hash);
  return match === null ? null : Number(match[1]);
}

/** A path of this Studio, or "/": what a link may ask to be shown after signing in. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith("/signin") ? next : "/";
}

import { safeNext } from "./safeNext.ts";

/**
 * Coming back from a mail's link or from GitHub. The server may send the browser to "/" instead of to the page that
 * was asked for, with the outcome in the hash, so where to go is also remembered here.
 */
const key = "coder.next";

/** Remembers the path to show after a sign-in that leaves this page. */
export function rememberNext(next: string): void {
  try {
    localStorage.setItem(key, next);
  } catch {
    // Storage is blocked: after signing in, the home page is shown.
  }
}

function takeNext(): string {
  try {
    const next = localStorage.getItem(key);
    localStorage.removeItem(key);
    return safeNext(next ?? undefined);
  } catch {
    return "/";
  }
}

/** The address of the sign-in page for an arrival at `path` with the outcome of a sign-in in `hash`; null for others. */
export function arrivalAddress(path: string, hash: string, next: () => string): string | null {
  if (path !== "/" || !/[#&](?:access_token|error_description)=/.test(hash)) return null;
  return `/signin?next=${encodeURIComponent(next())}${hash}`;
}

/** Moves such an arrival to the sign-in page, before anything is rendered. */
export function arrive(): void {
  const address = arrivalAddress(location.pathname, location.hash, takeNext);
  if (address !== null) history.replaceState(null, "", address);
}

/** What went wrong with the link that led here, in the server's words; null when nothing did. */
export function arrivalFailure(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("error_description");
}

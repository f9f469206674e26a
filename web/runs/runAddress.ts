import { lineOf } from "./lineOf.ts";

/** What the page of a run asks for first, read from its URL. */
export interface RunAddress {
  org: string;
  project: string;
  number: number;
  step: string | null;
  /** From 1. */
  line: number | null;
}

/** The run that a URL names, or null for any other page. */
export function runAddress(url: Pick<URL, "pathname" | "search" | "hash">): RunAddress | null {
  const match = /^\/([^/]+)\/([^/]+)\/runs\/([1-9]\d{0,8})$/.exec(url.pathname);
  const [, org, project, number] = match ?? [];
  if (org === undefined || project === undefined) return null;
  try {
    return {
      org: decodeURIComponent(org),
      project: decodeURIComponent(project),
      number: Number(number),
      step: new URLSearchParams(url.search).get("step") || null,
      line: lineOf(url.hash),
    };
  } catch {
    // Not an address that was made here: the page itself says so.
    return null;
  }
}

/** What the cache knows the answer by. */
export function openedRunKey(address: Pick<RunAddress, "org" | "project" | "number">): readonly unknown[] {
  return ["run", address.org, address.project, address.number];
}

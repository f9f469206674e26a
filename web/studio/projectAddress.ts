/** What the page of a project asks for first, read from its URL. */
export interface ProjectAddress {
  org: string;
  slug: string;
}

/** Pages of an organisation, and of the user: no project can be there. */
const otherPages = /^\/(?:[^/]+\/(?:settings|audit|runs)|inbox\/.*|settings\/.*)$/;

/** The project that a URL opens, or null for any other page. */
export function projectAddress({ pathname }: Pick<URL, "pathname">): ProjectAddress | null {
  const [, org, slug] = /^\/([^/]+)\/([^/]+)\/?$/.exec(pathname) ?? [];
  if (org === undefined || slug === undefined || otherPages.test(pathname)) return null;
  try {
    return { org: decodeURIComponent(org), slug: decodeURIComponent(slug) };
  } catch {
    // Not an address that was made here: the page itself says so.
    return null;
  }
}

import { reactRefreshPreamble } from "../compile/reactRefresh.ts";
import type { Project } from "./project.ts";

interface PageScript {
  /** Root-absolute URL as written, or null for an inline module. */
  src: string | null;
  content: string;
}

const scriptTag = /<script\b([^>]*)>([\s\S]*?)<\/script>/gi;

/** The module scripts of a page, in order. */
export function moduleScripts(html: string): PageScript[] {
  const visible = html.replace(/<!--[\s\S]*?-->/g, "");
  return [...visible.matchAll(scriptTag)].flatMap(([, attributes = "", content = ""]) => {
    if (!isModule(attributes)) return [];
    const src = /\bsrc\s*=\s*["']?([^"'\s>]+)/i.exec(attributes)?.[1] ?? null;
    return [{ src, content }];
  });
}

/** The page with the text of its inline module scripts mapped. */
export async function mapInlineModules(
  html: string,
  map: (code: string) => Promise<string>,
): Promise<string> {
  let out = "";
  let at = 0;
  for (const match of html.matchAll(scriptTag)) {
    const [whole, attributes = "", content = ""] = match;
    if (content.trim() === "" || !isModule(attributes) || /\bsrc\s*=/i.test(attributes)) continue;
    const start = match.index + whole.indexOf(">") + 1;
    out += html.slice(at, start) + (await map(content));
    at = start + content.length;
  }
  return out + html.slice(at);
}

function isModule(attributes: string): boolean {
  return /\btype\s*=\s*["']?module["']?/i.test(attributes);
}

const escapeAttribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** Vite's `%VITE_NAME%` constants in a page. */
export function replaceEnv(html: string, env: Record<string, string>): string {
  return html.replace(/%(\w+)%/g, (whole, name: string) => env[name] ?? whole);
}

/**
 * A page of the project as the preview gets it: with the client first, so that it sees every error, and with the URLs
 * of the modules that it will come to, so that they are all asked for at once.
 */
export function devPage(
  html: string,
  project: Project,
  { client, modules }: { client: string; modules: readonly string[] },
): string {
  const refresh =
    project.framework === "react" ? `<script type="module">${reactRefreshPreamble}</script>` : "";
  const preloads = modules.map((url) => `<link rel="modulepreload" href="${escapeAttribute(url)}">`).join("");
  const injected = `<script>${client.replaceAll("</script", "<\\/script")}</script>${preloads}${refresh}`;
  const page = replaceEnv(html, {
    ...project.env,
    MODE: "development",
    BASE_URL: "/",
    DEV: "true",
    PROD: "",
  });
  if (/<head\b[^>]*>/i.test(page)) return page.replace(/<head\b[^>]*>/i, (head) => head + injected);
  if (/<html\b[^>]*>/i.test(page))
    return page.replace(/<html\b[^>]*>/i, (tag) => `${tag}<head>${injected}</head>`);
  return page.replace(/^(\s*<!doctype[^>]*>)?/i, (doctype) => `${doctype}${injected}`);
}

import { reactRefreshPreamble } from "../compile/reactRefresh.ts";
import type { Project } from "./project.ts";

/** A page of the project as it was written. */
export interface PageSource {
  /** Its module id, such as "/index.html". */
  id: string;
  html: string;
}

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
    return [{ src: sourceOf(attributes), content }];
  });
}

/** The page with other code in its module scripts, which are inline ones then. Those for which `map` gives null stay. */
export async function mapModuleScripts(
  html: string,
  map: (script: PageScript) => Promise<string | null>,
): Promise<string> {
  let out = "";
  let at = 0;
  for (const match of html.matchAll(scriptTag)) {
    const [whole, attributes = "", content = ""] = match;
    if (!isModule(attributes)) continue;
    const code = await map({ src: sourceOf(attributes), content });
    if (code === null) continue;
    out += `${html.slice(at, match.index)}<script${attributes.replace(sourceAttribute, "")}>${code}</script>`;
    at = match.index + whole.length;
  }
  return out + html.slice(at);
}

const sourceAttribute = /(?<![\w-])src\s*=\s*(?:"([^"]+)"|'([^']+)'|([^"'\s>]+))/i;

function sourceOf(attributes: string): string | null {
  const [, double, single, bare] = sourceAttribute.exec(attributes) ?? [];
  return double ?? single ?? bare ?? null;
}

function isModule(attributes: string): boolean {
  return /\btype\s*=\s*["']?module["']?/i.test(attributes);
}

const escapeAttribute = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");

/** Vite's `%VITE_NAME%` constants in a page. */
export function replaceEnv(html: string, env: Record<string, string>): string {
  return html.replace(/%(\w+)%/g, (whole, name: string) => env[name] ?? whole);
}

/** Whether the page says itself what it may load. */
export function hasPolicy(html: string): boolean {
  return /http-equiv\s*=\s*["']?content-security-policy/i.test(html);
}

/** Whether the page may be given an import map: one of its own has to be the first in many browsers. */
export function takesImports(html: string): boolean {
  return !hasPolicy(html) && !/<script\b[^>]*\btype\s*=\s*["']?importmap/i.test(html);
}

/** The modules that a page will come to, so that it need not find out step by step. */
export interface PageParts {
  /** Of an import map: scripts of modules by their URLs. */
  imports: Record<string, string>;
  /** URLs of the others. */
  preloads: readonly string[];
}

/** A page of the project as the preview gets it: with the client first, so that it sees every error, and with its modules. */
export function devPage(
  html: string,
  project: Project,
  { client, version, imports, preloads }: PageParts & { client: string; version: number },
): string {
  const refresh =
    project.framework === "react" ? `<script type="module">${reactRefreshPreamble}</script>` : "";
  const map =
    Object.keys(imports).length === 0
      ? ""
      : `<script type="importmap">${JSON.stringify({ imports }).replaceAll("<", "\\u003c")}</script>`;
  const links = preloads.map((url) => `<link rel="modulepreload" href="${escapeAttribute(url)}">`).join("");
  const injected = `<script data-version="${version}">${client.replaceAll("</script", "<\\/script")}</script>${map}${links}${refresh}`;
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

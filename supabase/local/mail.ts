import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";

export interface Mail {
  id: string;
  at: string;
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface MailCatcher {
  /** The driver of @supabase/lite: keeps the message instead of delivering it. */
  send(message: { to: string; subject: string; text?: string; html?: string }): Promise<void>;
  /** `GET /mail` (list), `/mail/<id>` (message), `/mail.json` (all messages, newest first). */
  handle(request: Request): Promise<Response>;
  /** `POST` of `{ to, subject, text }` by the worker, which knows the service key. */
  receive(request: Request, serviceKey: string): Promise<Response>;
}

const messageSchema = z.strictObject({
  to: z.email(),
  subject: z.string().max(500),
  text: z.string().max(100_000),
});

/** Catches the mails of the local installation into files `<dataDir>/mail/<time>-<id>.json`, and shows them at `/mail`. */
export async function createMailCatcher(directory: string): Promise<MailCatcher> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const catcher: MailCatcher = {
    async send(message) {
      const mail: Mail = {
        id: `${Date.now()}-${randomUUID()}`,
        at: new Date().toISOString(),
        to: message.to,
        subject: message.subject,
        text: message.text ?? "",
        html: message.html ?? "",
      };
      const path = join(directory, `${mail.id}.json`);
      await writeFile(`${path}.part`, JSON.stringify(mail), { mode: 0o600 });
      await rename(`${path}.part`, path);
    },
    async receive(request, serviceKey) {
      if (request.headers.get("authorization") !== `Bearer ${serviceKey}`)
        throw new CoderError("forbidden", "Only the worker sends mail here.");
      const parsed = messageSchema.safeParse(await request.json().catch(() => null));
      if (!parsed.success) throw new CoderError("bad_input", z.prettifyError(parsed.error));
      await catcher.send(parsed.data);
      return Response.json({});
    },
    async handle(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/mail.json") return Response.json(await readMails(directory), { headers: noStore });
      if (pathname === "/mail") return page("Caught mails", listPage(await readMails(directory)));
      const id = pathname.slice("/mail/".length);
      if (!/^[0-9]+-[0-9a-f-]{36}$/.test(id)) throw new CoderError("not_found", `There is no mail ${id}.`);
      const mail = await readMail(join(directory, `${id}.json`));
      return page(mail.subject, messagePage(mail));
    },
  };
  return catcher;
}

async function readMails(directory: string): Promise<Mail[]> {
  const files = (await readdir(directory))
    .filter((file) => file.endsWith(".json"))
    .sort((a, b) => b.localeCompare(a));
  return Promise.all(files.slice(0, 200).map((file) => readMail(join(directory, file))));
}

async function readMail(path: string): Promise<Mail> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Mail;
  } catch (cause) {
    throw new CoderError("not_found", "There is no such mail.", { cause });
  }
}

const noStore = { "cache-control": "no-store" };

function listPage(mails: Mail[]): string {
  if (mails.length === 0)
    return "<h1>Caught mails</h1><p>No mail yet. This installation delivers none; what it would send is shown here.</p>";
  const rows = mails.map(
    (mail) =>
      `<tr><td><time>${escape(mail.at)}</time></td><td>${escape(mail.to)}</td><td><a href="/mail/${mail.id}">${escape(mail.subject)}</a></td></tr>`,
  );
  return `<h1>Caught mails</h1><table><thead><tr><th>Time</th><th>To</th><th>Subject</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function messagePage(mail: Mail): string {
  // Only the text is shown, with its links made live: a mail's HTML can hold what a user wrote.
  const text = escape(mail.text || mail.html.replace(/<[^>]*>/g, " ")).replace(
    /https?:\/\/[^\s<]+/g,
    (url) => `<a href="${url}">${url}</a>`,
  );
  return `<p><a href="/mail">All mails</a></p><h1>${escape(mail.subject)}</h1><p>To ${escape(mail.to)}, <time>${escape(mail.at)}</time></p><pre>${text}</pre>`;
}

function page(title: string, body: string): Response {
  const style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}td,th{text-align:left;padding:.25rem 1rem .25rem 0}pre{white-space:pre-wrap;overflow-wrap:anywhere}";
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)}</title><style>${style}</style></head><body><main>${body}</main></body></html>`;
  return new Response(html, {
    headers: {
      ...noStore,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    },
  });
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import type { Accounts, NewUser } from "./accounts.ts";

const metadata = z.record(z.string(), z.unknown());
const userInput = z.object({
  email: z.email().optional(),
  password: z.string().min(8).max(72).optional(),
  email_confirm: z.boolean().optional(),
  user_metadata: metadata.optional(),
  app_metadata: metadata.optional(),
});

/** `/auth/v1/admin/users[/<id>]`: what supabase-js's `auth.admin` calls. The caller has already been seen to be the service role. */
export async function handleAdmin(request: Request, accounts: Accounts): Promise<Response> {
  const url = new URL(request.url);
  const [noun, id, ...rest] = url.pathname.slice("/auth/v1/admin/".length).split("/");
  if (noun !== "users" || rest.length > 0)
    throw new CoderError("not_found", `There is nothing at ${url.pathname}.`);
  if (id === undefined) return users(request, accounts);
  switch (request.method) {
    case "GET":
      return Response.json(await accounts.get(id));
    case "PUT":
      return Response.json(await accounts.update(id, await input(request)));
    case "DELETE":
      await accounts.remove(id);
      return Response.json({});
    default:
      throw new CoderError("bad_input", `${request.method} is not a method of a user.`);
  }
}

async function users(request: Request, accounts: Accounts): Promise<Response> {
  if (request.method === "POST") {
    const user = await input(request);
    if (user.email === undefined) throw new CoderError("bad_input", "An email address is required.");
    return Response.json(await accounts.create({ ...user, email: user.email }));
  }
  if (request.method !== "GET")
    throw new CoderError("bad_input", `${request.method} is not a method of users.`);
  const query = new URL(request.url).searchParams;
  const number = z.coerce.number().int().min(1);
  const page = number.catch(1).parse(query.get("page") || 1);
  const perPage = number
    .max(1000)
    .catch(50)
    .parse(query.get("per_page") || 50);
  return Response.json({ users: await accounts.list({ page, perPage }), aud: "authenticated" });
}

async function input(request: Request): Promise<Partial<NewUser>> {
  const parsed = userInput.safeParse(await request.json().catch(() => undefined));
  if (!parsed.success) throw new CoderError("bad_input", z.prettifyError(parsed.error));
  // Only what was given: an undefined field would count as a change.
  return Object.fromEntries(Object.entries(parsed.data).filter(([, value]) => value !== undefined));
}

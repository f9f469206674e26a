import { createTRPCClient, httpLink, type TRPCClient } from "@trpc/client";
import type { AppRouter } from "../functions/router.ts";
import { loadConfig } from "./stackConfig.ts";

export interface Owner {
  api: TRPCClient<AppRouter>;
  orgId: string;
  orgSlug: string;
  accessToken: string;
}

/** Signs in as the local owner, as the button of the sign-in page does. */
export async function signInAsOwner(url: string): Promise<Owner> {
  const { anonKey } = await loadConfig(url);
  const response = await fetch(`${url}/local/owner-session`, { method: "POST", headers: { origin: url } });
  if (!response.ok) throw new Error(`The owner's session was refused with ${response.status}`);
  const { access_token: accessToken } = (await response.json()) as { access_token: string };
  const api = createTRPCClient<AppRouter>({
    links: [
      httpLink({
        url: `${url}/functions/v1/api/trpc`,
        headers: { apikey: anonKey, authorization: `Bearer ${accessToken}`, origin: url },
      }),
    ],
  });
  const me = await api.session.me.query();
  const [org] = me.orgs;
  if (org === undefined) throw new Error("The owner has no organisation");
  return { api, orgId: org.id, orgSlug: org.slug, accessToken };
}

/** A project with these files. */
export async function makeProject(
  owner: Owner,
  files: Record<string, string | Buffer>,
): Promise<{ id: string; path: string }> {
  const id = crypto.randomUUID();
  const made = await owner.api.projects.create.mutate({
    id,
    orgId: owner.orgId,
    name: "Bench",
    source: "bench",
    files: Object.entries(files).map(([path, content]) => ({
      path,
      content: Buffer.from(content).toString("base64"),
    })),
  });
  return { id, path: `/${made.orgSlug}/${made.slug}` };
}

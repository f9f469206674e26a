import { join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import type { Ends } from "./ends.ts";
import { githubSettings } from "./githubSettings.ts";
import { verifyJwt } from "./jwt.ts";
import { logLine } from "./logLine.ts";
import type { Secrets } from "./secrets.ts";
import type { LocalServer } from "./server.ts";
import type { Urls } from "./startDatabase.ts";

/** Everything that answers requests. Loaded while the database starts, after the compile cache was switched on. */
export async function loadParts() {
  return {
    createLite: (await import("./lite.ts")).createLite,
    startRealtimeGateway: (await import("./realtime/gateway.ts")).startRealtimeGateway,
    createStorage: (await import("./storage.ts")).createStorage,
    createSites: (await import("./sites.ts")).createSites,
    createStudio: (await import("./studio.ts")).createStudio,
    createMailCatcher: (await import("./mail.ts")).createMailCatcher,
    createHandler: (await import("../../functions/handler.ts")).createHandler,
    createNodeDeps: (await import("../../functions/serve.node.ts")).createNodeDeps,
    createNpmHandler: (await import("../../functions/npm/npmHandler.ts")).createNpmHandler,
    createForge: (await import("../../workflows/forges/embedded/forgeServer.ts")).createForge,
    keepSweeping: (await import("../../workflows/forges/embedded/keepSweeping.ts")).keepSweeping,
    connect: (await import("postgres")).default,
    // createLite imports them itself; begun here so that they are there when it does.
    lite: await Promise.all([import("@supabase/lite"), import("@supabase/lite/postgres")]),
  };
}
export type Parts = Awaited<ReturnType<typeof loadParts>>;

/** What the services are made from. */
export interface ServiceInput {
  parts: Parts;
  root: string;
  dataDir: string;
  secrets: Secrets;
  urls: Urls;
  server: LocalServer;
  registry: string;
  health(): { ok: boolean; body: object };
  ends: Ends;
}

/** Starts everything that answers requests; `ends` gets how each of them ends. */
export async function startServices(input: ServiceInput) {
  const { parts, dataDir, secrets, urls, server, ends } = input;
  const { jwtSecret, anonKey, serviceRoleKey } = secrets;
  const [mail, realtime] = await Promise.all([
    parts.createMailCatcher(join(dataDir, "mail")),
    parts.startRealtimeGateway({
      databaseUrl: urls.owner,
      adminDatabaseUrl: urls.admin,
      jwtSecret,
      anonKey,
      serviceRoleKey,
    }),
  ]);
  ends.add("Realtime", () => realtime.close());
  const github = githubSettings();
  const lite = await parts.createLite({
    databaseUrl: urls.lite,
    jwtSecret,
    anonKey,
    serviceRoleKey,
    origin: server.origin,
    mail,
    ...(github ? { github } : {}),
  });
  ends.add("Auth", () => lite.close());
  const storage = parts.createStorage({
    databaseUrl: urls.storage,
    directory: join(dataDir, "storage"),
    jwtSecret,
  });
  ends.add("Storage", () => storage.close());
  const sites = parts.createSites({ databaseUrl: urls.storage, storage });
  ends.add("Sites", () => sites.close());
  return {
    mail,
    realtime,
    lite,
    storage,
    sites,
    functions: makeFunctions(input),
    forge: makeForge(input),
    npm: parts.createNpmHandler({ registry: input.registry }),
    studio: parts.createStudio(join(input.root, "web/dist")),
    hasGitHub: github !== undefined,
  };
}
export type Services = Awaited<ReturnType<typeof startServices>>;

function makeFunctions({ parts, secrets, urls, server, ends }: ServiceInput) {
  const deps = parts.createNodeDeps({
    databaseUrl: urls.authenticator,
    jwtSecret: secrets.jwtSecret,
    origin: server.origin,
    siteUrl: (slug) => `http://${slug}.localhost:${server.port}/`,
    serviceKey: secrets.serviceRoleKey,
    anonKey: secrets.anonKey,
    secretsKey: secrets.secretsKey,
    allowedOrigins: [server.origin, `http://127.0.0.1:${server.port}`, `http://[::1]:${server.port}`],
  });
  ends.add("Functions", () => deps.close());
  return parts.createHandler(deps);
}

function makeForge({ parts, dataDir, secrets, urls, ends }: ServiceInput) {
  const sql = parts.connect(urls.owner, { max: 6, onnotice: () => undefined });
  ends.add("Forge", () => sql.end({ timeout: 2 }));
  const forge = parts.createForge({
    sql,
    gitDirectory: join(dataDir, "git"),
    serviceKey: secrets.serviceRoleKey,
    async verifyToken(token) {
      const claims = await verifyJwt(token, secrets.jwtSecret);
      if (claims?.sub) return { ...claims, sub: claims.sub };
      throw new CoderError("unauthenticated", "The token is not valid or has expired; sign in again");
    },
    onError: (error) => logLine(`forge: ${error.stack ?? error.message}`),
  });
  ends.add(
    "Forge's sweep",
    parts.keepSweeping(forge, (error) => logLine(`forge: ${error.message}`)),
  );
  return forge;
}

import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import type { Ends } from "./ends.ts";
import { pathOf, type Routes } from "./server.ts";

/** Hot reload of the Studio: Vite answers what is not ours. */
export async function addVite(routes: Routes, { root, ends }: { root: string; ends: Ends }): Promise<Routes> {
  const { createServer } = await import("vite");
  // Never listens: hot updates come over our own port, and are passed to it below.
  const hotServer = createHttpServer();
  const vite = await createServer({
    configFile: join(root, "web/vite.config.ts"),
    server: { middlewareMode: true, ws: { server: hotServer } },
    appType: "spa",
  });
  ends.add("Vite", () => vite.close());
  const ours = Object.keys(routes.paths);
  return {
    ...routes,
    upgrade(request, socket, head) {
      const isHot = request.headers["sec-websocket-protocol"]?.startsWith("vite-");
      if (isHot) hotServer.emit("upgrade", request, socket, head);
      else routes.upgrade(request, socket, head);
    },
    intercept(request, response, next) {
      const path = pathOf(request.url);
      const isOurs = ours.some((own) => path === own || (own.endsWith("/") && path.startsWith(own)));
      // Built by web/build.ts and not known to Vite.
      if (isOurs || path.startsWith("/runtime/") || path.startsWith("/preview-origin/")) return next();
      vite.middlewares(request, response, next);
    },
  };
}

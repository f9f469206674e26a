import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig, type Plugin } from "vite";
import solid from "vite-plugin-solid";

/** Headers that make the Studio cross-origin isolated: shared memory for the runtimes, no foreign opener. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "credentialless",
};

/**
 * Browsers with `light-dark()`, OKLCH and module workers. Named so that the minifier keeps those as written
 * instead of expanding every colour into two fallbacks.
 */
const browsers = ["chrome123", "edge123", "firefox128", "safari17.5"];

/** Packages that many routes share, kept in chunks of their own so that a release of ours leaves them cached. */
const vendorChunks: { name: string; test: RegExp }[] = [
  { name: "solid", test: /node_modules[\\/](solid-js|@solidjs)[\\/]/ },
  { name: "codemirror", test: /node_modules[\\/](@codemirror|@lezer|@replit|codemirror)[\\/]/ },
  { name: "xterm", test: /node_modules[\\/]@xterm[\\/]/ },
  // Few hundred bytes each: as files of their own a page would fetch dozens.
  { name: "icons", test: /node_modules[\\/]lucide-solid[\\/]/ },
  { name: "zod", test: /node_modules[\\/]zod[\\/]/ },
];

/** Has the page fetch the Studio together with its entry, which imports it: what is imported there is found late otherwise. */
const preloadStudio: Plugin = {
  name: "preload-studio",
  transformIndexHtml: {
    order: "post",
    handler: (_html, { bundle }) => {
      const studio = Object.values(bundle ?? {}).find(
        (file) => file.type === "chunk" && file.facadeModuleId?.endsWith("/web/main.tsx"),
      );
      if (studio?.type !== "chunk") return [];
      return [studio.fileName, ...studio.imports].map((file) => ({
        tag: "link",
        attrs: { rel: "modulepreload", crossorigin: true, href: `/${file}` },
        injectTo: "head" as const,
      }));
    },
  },
};

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [solid(), tailwindcss(), preloadStudio],
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: "es" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: browsers,
    cssTarget: browsers,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 6000,
    rolldownOptions: { output: { codeSplitting: { groups: vendorChunks } } },
  },
});

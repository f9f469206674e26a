import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vite";
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
];

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [solid(), tailwindcss()],
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

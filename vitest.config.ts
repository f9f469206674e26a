import { defineConfig } from "vitest/config";
import { patchPostgres } from "./supabase/patchPostgres.ts";

await patchPostgres();

export default defineConfig({
  test: {
    include: ["{shared,supabase,functions,workflows,web,bench}/**/*.test.ts", "*.test.ts"],
    // The starters are projects of their own.
    exclude: ["**/node_modules/**", "**/dist/**", "web/home/starters/**"],
    // Style sheets that are imported as text come as they are, not emptied.
    css: true,
    // Deadlines are for what hangs; how long things take is measured by the benchmarks.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Suites start real Postgres servers and sandboxes; more of them at once than cores only makes all of them slow.
    maxWorkers: 2,
  },
});

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { patchPostgres } from "./supabase/patchPostgres.ts";

/** They wait for leases and for a database that is away; begun last, one of them would run on alone. */
const longest = ["engine/crash.test.ts", "engine/outage.test.ts"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = (file: TestSpecification) => longest.some((name) => file.moduleId.endsWith(name));
    return (await super.sort(files)).toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

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
    sequence: { sequencer: LongestFirst },
  },
});

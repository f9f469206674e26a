import { patchPostgres } from "./patchPostgres.ts";

// Preloaded (`node --import`) by everything that is started from a shell, before anything has read the package.
await patchPostgres();

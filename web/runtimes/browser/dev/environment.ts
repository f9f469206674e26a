import type { Project } from "./project.ts";

/** `import.meta.env` (https://vite.dev/guide/env-and-mode) as an object literal. */
export function environmentLiteral(project: Project, mode: "development" | "production"): string {
  return JSON.stringify({
    BASE_URL: "/",
    MODE: mode,
    DEV: mode === "development",
    PROD: mode === "production",
    SSR: false,
    ...project.env,
  });
}

/** Compile-time constants that packages expect. */
export function packageDefines(mode: "development" | "production"): Record<string, string> {
  return {
    "process.env.NODE_ENV": JSON.stringify(mode),
    "process.env": "{}",
    global: "globalThis",
    __VUE_OPTIONS_API__: "true",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
  };
}

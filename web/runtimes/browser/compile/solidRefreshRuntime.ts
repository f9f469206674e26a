import { source } from "virtual:solid-refresh-runtime";

/** The runtime that `compileSolid`'s output imports, for projects that do not have the package themselves. */
export const solidRefreshRuntime: string = source;

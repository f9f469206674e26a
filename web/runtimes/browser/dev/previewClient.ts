import { source } from "virtual:preview-client";

/** The script of `preview/client.ts`, built. */
export const previewClient: string = source;

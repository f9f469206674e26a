/** Texts that `previewOrigin.build.ts` puts into the kernel's bundle. */
declare module "virtual:react-refresh-runtime" {
  export const source: string;
}
declare module "virtual:preview-client" {
  export const source: string;
}
declare module "virtual:solid-refresh-runtime" {
  export const source: string;
}
declare module "babel-preset-solid" {
  import type { PluginItem } from "@babel/core";
  const preset: PluginItem;
  export default preset;
}

import { asMap, asText, type Written } from "./written.ts";

/** Names of the secrets that the steps' environments read, for `policies.secrets.allowed`. */
export function importedSecrets(steps: readonly Written[]): string[] {
  const texts = steps.flatMap((step) =>
    Object.values(asMap(step["env"])).map((value) => asText(value) ?? ""),
  );
  const names = texts.flatMap((text) =>
    [...text.matchAll(/\bsecrets\.([A-Za-z_]\w*)/g)].map((match) => match[1] ?? ""),
  );
  return [...new Set(names)].sort();
}

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { toCoderError } from "../../shared/errors.ts";
import { loadSecrets, newSecretsKey, saveSecrets } from "./secrets.ts";

/**
 * `npm run rotate-key`: puts a new key before the others in the data directory's `secrets.json`. The next start seals the
 * secrets again with it (start.ts); the older keys stay, for whatever a backup may hold.
 */
export async function rotateSecretsKey(dataDir: string): Promise<string> {
  const secrets = await loadSecrets(dataDir);
  const key = newSecretsKey();
  await saveSecrets(dataDir, { ...secrets, secretsKey: `${key},${secrets.secretsKey}` });
  return key.slice(0, key.indexOf(":"));
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  rotateSecretsKey(resolve(process.env.CODER_DATA || join(root, ".coder-data"))).then(
    (id) =>
      console.error(
        `The key "${id}" is the first now. Start Coder again: it then seals every secret with it.`,
      ),
    (error: unknown) => {
      console.error(toCoderError(error).message);
      process.exitCode = 1;
    },
  );
}

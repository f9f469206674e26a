import { z } from "zod";
import type { Installer, ProjectFs } from "../kernelParts.ts";
import { errorOfResponse } from "./installFailure.ts";
import { readManifest } from "./manifest.ts";

/** An installer that can also bring package-lock.json up to date. */
export interface LockingInstaller extends Installer {
  /**
   * Writes package-lock.json anew where the project has one, for every platform, keeping the versions that still
   * suit: `npm ci` elsewhere accepts it. Throws `CoderError` as an installation does.
   */
  updateLock(fs: ProjectFs, signal: AbortSignal): Promise<void>;
}

export function isLockingInstaller(installer: Installer): installer is LockingInstaller {
  return "updateLock" in installer;
}

const answerSchema = z.object({ lock: z.string() });

/** Asks our proxy for the lock file of what package.json says now. */
export async function updateLock(
  server: { npmUrl: string; fetch: typeof fetch },
  fs: ProjectFs,
  signal: AbortSignal,
): Promise<void> {
  const project = readManifest(fs);
  if (project === undefined || !fs.exists("package-lock.json")) return;
  const { name, version, dependencies, devDependencies, optionalDependencies, overrides } = project.manifest;
  const lock = fs.readText("package-lock.json");
  const response = await server.fetch(`${server.npmUrl}/-/lock`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      name,
      version,
      dependencies,
      devDependencies,
      optionalDependencies,
      overrides,
      lock,
    }),
    signal,
  });
  if (!response.ok) throw await errorOfResponse(response, "Updating package-lock.json");
  fs.writeFile("package-lock.json", answerSchema.parse(await response.json()).lock);
}

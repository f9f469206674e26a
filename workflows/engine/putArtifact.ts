import { createHash } from "node:crypto";
import { CoderError } from "../../shared/errors.ts";
import type { Artifact, RunEvent } from "../../shared/run/events.ts";
import type { NewArtifact, ObjectStore, RunInfo } from "../steps/step.ts";
import type { RunEvents } from "./events.ts";
import { idempotencyId } from "./idempotencyId.ts";
import type { Redactor } from "./redact.ts";
import type { RunSecrets } from "./runSecrets.ts";

interface ArtifactDeps {
  store: ObjectStore;
  secrets: RunSecrets;
}

type ArtifactOwner = { run: Pick<RunInfo, "id" | "orgId">; stepId: string | null };

/** Puts an artifact's bytes into storage, then stores its event. The same kind and name of a step is the same artifact. */
export async function storeArtifact(
  deps: ArtifactDeps & { events: RunEvents },
  owner: ArtifactOwner,
  artifact: NewArtifact,
): Promise<Artifact> {
  const created = await putArtifact(deps, owner, artifact);
  await deps.events.append(owner.run.id, created);
  return created.event.artifact;
}

/** Puts an artifact's bytes into storage; the event that says so is still to be stored. */
export async function putArtifact(
  deps: ArtifactDeps,
  owner: ArtifactOwner,
  artifact: NewArtifact,
): Promise<{ key: string; event: Extract<RunEvent, { type: "artifact.created" }> }> {
  const id = idempotencyId(
    owner.run.id,
    owner.stepId ?? "",
    "artifact",
    artifact.kind,
    artifact.name,
    ...(artifact.version === undefined ? [] : [artifact.version]),
  );
  const redactor = deps.secrets.redactorOf(owner.run.id);
  const data = redactor.json(artifact.data ?? {});
  const content = artifact.bytes && withoutSecrets(artifact.bytes, artifact, redactor);
  const bytes = content ?? Buffer.from(JSON.stringify(data));
  if (content) {
    await deps.store.put({
      bucket: "artifacts",
      name: `${owner.run.orgId}/${owner.run.id}/${id}`,
      bytes: content,
      contentType: artifact.contentType ?? "application/octet-stream",
    });
  }
  const stored: Artifact = {
    id,
    kind: artifact.kind,
    name: artifact.name,
    stepId: owner.stepId,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    size: content?.byteLength ?? 0,
    data,
    madeFrom: artifact.madeFrom ?? [],
  };
  return { key: `artifact:${id}`, event: { type: "artifact.created", artifact: stored } };
}

/**
 * The bytes as they may be kept: text without its secrets. Bytes of other kinds are refused whole, but for the log bundle,
 * which is compressed from what was redacted before.
 */
function withoutSecrets(bytes: Uint8Array, artifact: NewArtifact, redactor: Redactor): Uint8Array {
  if (artifact.kind === "log_bundle" || !redactor.isIn(bytes)) return bytes;
  if (artifact.contentType?.startsWith("text/"))
    return Buffer.from(redactor.text(Buffer.from(bytes).toString("utf8")));
  throw new CoderError(
    "forbidden",
    `The artifact ${artifact.name} holds a secret of the run; it is not kept.`,
  );
}

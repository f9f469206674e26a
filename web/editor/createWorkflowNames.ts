import { createQuery } from "@tanstack/solid-query";
import type { KnownNames } from "../../shared/workflow/assist/namesAtPlace.ts";
import { useApi } from "../api.ts";
import { useSession } from "../session.tsx";

const workflowFile = /^\.coder\/workflows\/[^/]+$/;

/** What workflow files of a project may name: its secrets, asked for once, and its workflow files. */
export function createWorkflowNames(
  projectId: () => string,
  paths: () => readonly string[],
): () => KnownNames & { secretsKnown: boolean } {
  const api = useApi();
  const session = useSession();
  const names = createQuery(() => ({
    queryKey: ["workflow-names", projectId()],
    queryFn: () => api.workflows.names.query({ projectId: projectId() }),
    enabled: session.signedIn(),
    staleTime: 60_000,
  }));
  return () => ({
    secrets: names.isSuccess ? names.data.secrets : [],
    secretsKnown: names.isSuccess,
    workflows: paths().filter((path) => workflowFile.test(path)),
  });
}

/** Names of a project's own origins beside the Studio's: `http://<projectId>--preview.localhost:3000`. */
export function projectOrigin(studioOrigin: string, projectId: string, kind: "preview" | "run"): string {
  const { protocol, host } = new URL(studioOrigin);
  return `${protocol}//${projectId}--${kind}.${host}`;
}

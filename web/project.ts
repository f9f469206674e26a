import { useParams } from "@solidjs/router";
import { createQuery } from "@tanstack/solid-query";
import { onCleanup } from "solid-js";
import { useApi, type Outputs } from "./api.ts";
import { useSession } from "./session.tsx";

export type Me = Outputs["session"]["me"];
export type Project = Outputs["projects"]["bySlug"];

/** The signed-in user with their organisations; no data while signed out. */
export function createMe() {
  const api = useApi();
  const session = useSession();
  return createQuery(() => ({
    queryKey: ["me"],
    queryFn: () => api.session.me.query(),
    enabled: session.signedIn(),
    staleTime: 60_000,
  }));
}

/** What the cache knows a project by. */
export function projectKey(org: string, slug: string): readonly unknown[] {
  return ["project", org, slug];
}

/** The project that the URL names (`/:org/:project/…`). */
export function createProject() {
  const api = useApi();
  const session = useSession();
  const params = useParams();
  return createQuery(() => {
    const org = params["org"] ?? "";
    const slug = params["project"] ?? "";
    return {
      queryKey: projectKey(org, slug),
      queryFn: () => api.projects.bySlug.query({ org, slug }),
      enabled: session.signedIn() && org !== "" && slug !== "",
      staleTime: 30_000,
    };
  });
}

/** Whether the role may change things, not only look. */
export function mayWrite(role: Project["role"] | undefined): boolean {
  return role === "owner" || role === "admin" || role === "member";
}

/** Calls `changed` when a run begins, changes status or ends under the topic (`project:<id>` or `org:<id>`). */
export function createRunsListener(topic: () => string | undefined, changed: () => void): void {
  const session = useSession();
  const name = topic();
  if (name === undefined) return;
  let joinedBefore = false;
  const stop = session.topics.listen(name, {
    onMessage: changed,
    onJoined: (joined) => {
      // What was sent before the first join is in the first answer; a later join may have missed something.
      if (joined && joinedBefore) changed();
      joinedBefore ||= joined;
    },
  });
  onCleanup(stop);
}

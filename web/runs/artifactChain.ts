import type { Outputs } from "../api.ts";
import type { GraphEdge } from "../ui/graphLayout.ts";

export type ChainLink = Outputs["history"]["chain"][number];

/** The order in which one thing leads to the next when they share a commit but do not name each other. */
const stages = ["patch", "proposal", "pr_link", "test_report", "deploy_url", "release_notes", "metrics"];

/**
 * What was made from what: by the ids that an artifact names; and where it names none, from what a stage before it in
 * the chain was made at the same commit, in the same run if there is one.
 */
export function chainEdges(links: readonly ChainLink[]): GraphEdge[] {
  const known = new Set(links.map((link) => link.id));
  return links.flatMap((link) => {
    const named = link.madeFrom.filter((id) => known.has(id));
    if (named.length > 0) return named.map((from) => ({ from, to: link.id }));
    const before = links.filter(
      (other) =>
        other.id !== link.id &&
        stages.indexOf(other.kind) < stages.indexOf(link.kind) &&
        other.commit === link.commit &&
        other.runId === link.runId,
    );
    const nearest = Math.max(-1, ...before.map((other) => stages.indexOf(other.kind)));
    return before
      .filter((other) => stages.indexOf(other.kind) === nearest)
      .map((other) => ({ from: other.id, to: link.id }));
  });
}

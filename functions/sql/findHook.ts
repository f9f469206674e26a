import { asService } from "../context.ts";
import type { Deps } from "../deps.ts";

export type HookAddress = ({ projectId: string } | { org: string; project: string }) & { name: string };

export interface Hook {
  projectId: string;
  orgId: string;
  name: string;
  /** Names of the secrets that sign it: one for each different one among the triggers of that name; empty for no trigger. */
  secretRefs: string[];
}

/** The project at an address and what signs its webhook, as the server sees it; undefined when there is no project. */
export function findHook(deps: Pick<Deps, "db">, address: HookAddress): Promise<Hook | undefined> {
  return asService(deps, async (tx) => {
    const projects = tx
      .selectFrom("projects as p")
      .innerJoin("orgs as o", "o.id", "p.org_id")
      .leftJoin("trigger_listeners as l", (join) =>
        join.onRef("l.project_id", "=", "p.id").on("l.type", "=", "webhook").on("l.name", "=", address.name),
      )
      .select(["p.id as projectId", "p.org_id as orgId", "l.secret_ref as secretRef"]);
    const rows = await (
      "projectId" in address
        ? projects.where("p.id", "=", address.projectId)
        : projects.where("o.slug", "=", address.org).where("p.slug", "=", address.project)
    ).execute();
    const [first] = rows;
    if (first === undefined) return undefined;
    const secretRefs = [...new Set(rows.flatMap(({ secretRef }) => (secretRef === null ? [] : [secretRef])))];
    return { projectId: first.projectId, orgId: first.orgId, name: address.name, secretRefs };
  });
}

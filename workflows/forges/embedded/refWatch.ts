import type { Sql } from "postgres";
import { type CoderError, toCoderError } from "../../../shared/errors.ts";
import { coder } from "./authorize.ts";
import type { KeyedLock } from "./keyedLock.ts";
import { describeMove, maxDescribed, mergedBy, type DescribedMove, type RefMove } from "./refMove.ts";
import type { Repository } from "./repository.ts";

/** Longer names are legal for git; they have no events, and the hook of a push refuses them. */
const maxBranchLength = 250;

export interface WatchedWrite {
  projectId: string;
  repository: Repository;
  /** "user:<id>", "run:<id>" or "system". */
  actor: string;
  /** A new project gets its files: where it starts from is no push, and starts no workflow. */
  fills?: boolean;
}

export interface RefWatch {
  /** Does a write of a repository and records what it has moved (`repository.moves`), also when it throws. */
  during<T>(write: WatchedWrite, work: () => Promise<T>): Promise<T>;
  /** Records what happened to a repository unseen: a crash between a move and its record, or a database that was gone. */
  catchUp(projectId: string, repository: Repository): Promise<void>;
  /** Projects whose last moves could not be recorded; `catchUp` takes them off. */
  behind: ReadonlySet<string>;
}

/**
 * Turns moves of branches into events. Table `refs` holds where each branch was when its last move was recorded, written
 * in the transaction that records the push. So what differs between the table and the repository, while nobody writes,
 * is exactly what was not recorded: it is recorded before the next write, and by a sweep. One process serves a directory
 * of repositories, so "nobody writes" is known here.
 */
export function makeRefWatch(deps: {
  sql: Sql;
  exclusively: KeyedLock;
  onError(error: CoderError): void;
}): RefWatch {
  const writers = new Map<string, number>();
  const behind = new Set<string>();

  async function catchUpAlone(projectId: string, repository: Repository): Promise<void> {
    if ((writers.get(projectId) ?? 0) > 0 || !repository.exists) return;
    const [project] = await deps.sql<{ is_new: boolean }[]>`
      select ref_moves is null as is_new from public.projects where id = ${projectId}`;
    if (project === undefined) return;
    if (project.is_new) await knowRefs(deps.sql, projectId, repository);
    else {
      const moves = await unrecordedMoves(deps.sql, projectId, repository);
      if (moves.length > 0) await record({ projectId, repository, actor: null }, moves);
    }
    behind.delete(projectId);
  }

  async function record(
    write: { projectId: string; repository: Repository; actor: string | null },
    moves: readonly RefMove[],
  ): Promise<void> {
    const { projectId, repository } = write;
    const described = await describeAll(repository, moves);
    const merged = await mergedChanges(deps.sql, write, described);
    const actor = write.actor === null ? JSON.stringify(await likelyActor(repository, described)) : null;
    await deps.sql.begin(async (sql) => {
      // Who did it is lost with the process that knew; the last commit's author is the nearest to it.
      if (actor !== null) await sql`select set_config('coder.actor', ${actor}, true)`;
      else await sql`select private.act_as(${write.actor})`;
      await sql`select private.record_ref_moves(${projectId}, ${sql.json(described as never)})`;
      for (const change of merged)
        await sql`
          update public.changes set status = 'merged', merged_commit = ${change.commit}, updated_at = now()
          where id = ${change.id} and status = 'open'`;
    });
  }

  return {
    behind,
    catchUp: (projectId, repository) =>
      deps.exclusively(`refs:${projectId}`, () => catchUpAlone(projectId, repository)),
    async during(write, work) {
      const { projectId, repository } = write;
      const key = `refs:${projectId}`;
      await deps.exclusively(key, async () => {
        await catchUpAlone(projectId, repository);
        writers.set(projectId, (writers.get(projectId) ?? 0) + 1);
      });
      try {
        return await work();
      } finally {
        await deps.exclusively(key, async () => {
          try {
            const moves = repository.moves.filter((move) => move.branch.length <= maxBranchLength);
            if (!repository.exists) return;
            if (write.fills) await knowRefs(deps.sql, projectId, repository);
            else if (moves.length > 0) await record(write, moves);
          } catch (error) {
            // The branches have moved: that is what the caller is told. The events follow at the next chance.
            behind.add(projectId);
            deps.onError(toCoderError(error));
          } finally {
            const left = (writers.get(projectId) ?? 1) - 1;
            if (left > 0) writers.set(projectId, left);
            else writers.delete(projectId);
          }
        });
      }
    },
  };
}

async function knowRefs(sql: Sql, projectId: string, repository: Repository): Promise<void> {
  const { refs } = await repository.refs();
  const kept = refs.filter((ref) => ref.name.length <= maxBranchLength);
  await sql`select private.know_refs(${projectId}, ${sql.json(kept)})`;
}

async function unrecordedMoves(sql: Sql, projectId: string, repository: Repository): Promise<RefMove[]> {
  const stored = await sql<{ name: string; commit: string }[]>`
    select name, commit from public.refs where project_id = ${projectId}`;
  const before = new Map(stored.map((ref) => [ref.name, ref.commit]));
  const { refs } = await repository.refs();
  const moved = refs
    .filter((ref) => ref.name.length <= maxBranchLength && before.get(ref.name) !== ref.commit)
    .map((ref) => ({ branch: ref.name, before: before.get(ref.name) ?? null, after: ref.commit }));
  const left = new Set(refs.map((ref) => ref.name));
  const deleted = stored
    .filter((ref) => !left.has(ref.name))
    .map((ref) => ({ branch: ref.name, before: ref.commit, after: null }));
  return [...moved, ...deleted];
}

async function describeAll(repository: Repository, moves: readonly RefMove[]): Promise<DescribedMove[]> {
  const { head } = await repository.refs();
  const described: DescribedMove[] = [];
  for (const [index, move] of moves.entries())
    described.push(
      index < maxDescribed ? await describeMove(repository.directory, move, head) : { ...move, commits: [] },
    );
  return described;
}

/** Open changes whose head came into their base with one of these moves, by whatever way. */
async function mergedChanges(
  sql: Sql,
  { projectId, repository }: { projectId: string; repository: Repository },
  moves: readonly RefMove[],
): Promise<{ id: string; commit: string }[]> {
  const bases = moves.map((move) => move.branch);
  const open = await sql<{ id: string; base_branch: string; head_commit: string }[]>`
    select id, base_branch, head_commit from public.changes
    where project_id = ${projectId} and status = 'open' and base_branch = any(${bases}) order by number limit 200`;
  const merged: { id: string; commit: string }[] = [];
  for (const change of open) {
    const move = moves.find((one) => one.branch === change.base_branch);
    const commit = move === undefined ? null : await mergedBy(repository.directory, move, change.head_commit);
    if (commit !== null) merged.push({ id: change.id, commit });
  }
  return merged;
}

async function likelyActor(repository: Repository, moves: readonly RefMove[]): Promise<object> {
  const after = moves.find((move) => move.after !== null)?.after;
  const [commit] = after === undefined || after === null ? [] : await repository.log(after, { limit: 1 });
  const isBot = commit === undefined || commit.email === coder.email;
  // A run's depth is lost as well; one is the least that a run's push can have.
  return { id: null, name: isBot ? coder.name : commit.author, bot: isBot, depth: isBot ? 1 : 0 };
}

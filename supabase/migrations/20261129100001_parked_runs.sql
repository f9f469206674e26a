-- Runs that wait for people leave the workers (docs/decisions/015-parked-runs.md).

alter table public.runs
  /* Parked: in no worker's memory. When it is to go on without having been told anything, which is when its next
     approval expires; in the past when it has been told something. Null while a worker has it. */
  add column wake_at timestamptz;
create index runs_parked on public.runs (wake_at) where wake_at is not null;

/* Takes a run that waits for people out of its worker, unless it has been told something meanwhile or its time has come:
   then it answers false, and the worker goes on. True as well for an execution that the run does not belong to any more
   (p_owner is the token of its claim): whoever else has it now, or parked it, has the say.
   Nobody polls the engine's queue `parked`: see take_runs. */
create function private.park_run(p_run uuid, p_worker text, p_owner text, p_wake_at timestamptz) returns boolean
  language plpgsql security definer set search_path = ''
  as $$
begin
  -- The run's row first, as every writer of events does.
  perform 1 from public.runs where id = p_run for update;
  perform 1 from public.workers where id = p_worker for share;
  if not found then raise exception 'Worker % is fenced: its lease is lost', p_worker using errcode = '55000'; end if;
  -- A message refers to this row: with it locked, one that is being sent is waited for, and what follows comes to wake_run.
  perform 1 from dbos.workflow_status where workflow_uuid = p_run::text and status = 'PENDING' and owner_xid = p_owner for update;
  if not found then return true; end if;
  if p_wake_at <= clock_timestamp() or exists (
    select 1 from dbos.notifications where destination_uuid = p_run::text and topic = 'ev' and not consumed)
  then
    return false;
  end if;
  update dbos.workflow_status set status = 'ENQUEUED', queue_name = 'parked', executor_id = null, owner_xid = null, started_at_epoch_ms = null,
    updated_at = (extract(epoch from now()) * 1000)::bigint where workflow_uuid = p_run::text;
  update public.runs set wake_at = p_wake_at, taken_by = p_worker where id = p_run;
  return true;
end $$;

/* A parked run that is told something goes on with the next worker that looks, and all are told to look.
   Runs after the check of the message's foreign key (triggers go by name), which waits for a park_run under way. */
create function private.wake_run() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
begin
  update public.runs set wake_at = '-infinity' where id = new.destination_uuid::uuid and wake_at is not null;
  if found then perform pg_notify('coder_queue', ''); end if;
  return null;
end $$;
create trigger wake_run after insert on dbos.notifications for each row when (new.topic = 'ev') execute function private.wake_run();

/* Gives a worker queued runs: up to p_limit, and besides one of each organisation it is at nothing of (p_busy: those it is at
   something of), so that nobody waits behind another's long runs; and up to p_light of those that need no sandbox.
   Organisations take turns: first whose runs are the fewest at work already, then the oldest. Before them parked runs whose time has come,
   which have begun and are not limited: to the worker that had them, where their files are, or to anybody when it is gone.
   Their workflows are claimed as the engine's own dequeue does it (DBOS 5.3, findAndMarkStartableWorkflows): pending, this
   worker's, with p_claim as the token of the claim. */
create or replace function private.take_runs(p_worker text, p_claim text, p_limit int, p_light int, p_busy uuid[])
  returns table (run_id uuid, org_id uuid, light boolean)
  language sql security definer set search_path = ''
  as $$
  with active as (
    select r.org_id, count(*) as runs from public.runs r where r.status in ('queued', 'running') and r.taken_by is not null group by r.org_id
  ), ready as (
    select w.id, w.org_id, w.light, w.admitted_at, row_number() over (partition by w.org_id, w.light order by w.admitted_at, w.id) as place
    from (select distinct r.org_id from public.runs r where r.status = 'queued' and r.taken_by is null and r.admitted_at is not null) o
    cross join lateral (
      select r.id, r.org_id, r.light, r.admitted_at from public.runs r
      where r.org_id = o.org_id and r.status = 'queued' and r.taken_by is null and r.admitted_at is not null
      order by r.admitted_at, r.id limit greatest(p_limit + p_light, 1)
    ) w
  ), ranked as (
    select ready.*, row_number() over (partition by ready.light order by ready.place + coalesce(active.runs, 0), ready.admitted_at, ready.id) as rank
    from ready left join active on active.org_id = ready.org_id
  ), due as (
    select r.id from public.runs r
    where r.wake_at <= now() and r.status in ('running', 'waiting')
      and (r.taken_by = p_worker or not exists (select 1 from public.workers w where w.id = r.taken_by))
    order by r.wake_at, r.id limit 100
    for update skip locked
  ), chosen as (
    select r.id from public.runs r
    where r.id in (select id from ranked
        where rank <= case when ranked.light then p_light else p_limit end or (place = 1 and not ranked.org_id = any (p_busy)))
      and r.status = 'queued' and r.taken_by is null
    for update skip locked
  ), claimed as (
    update dbos.workflow_status s set status = 'PENDING', executor_id = p_worker, owner_xid = p_claim, queue_name = null,
        application_version = (select version from public.workers where id = p_worker),
        started_at_epoch_ms = (extract(epoch from now()) * 1000)::bigint, updated_at = (extract(epoch from now()) * 1000)::bigint,
        recovery_attempts = recovery_attempts + 1
      from (select id from due union all select id from chosen) wanted
      where s.workflow_uuid = wanted.id::text and s.status = 'ENQUEUED' and exists (select 1 from public.workers where id = p_worker)
      returning s.workflow_uuid
  ), taken as (
    update public.runs r set taken_by = p_worker, wake_at = null from claimed where r.id = claimed.workflow_uuid::uuid returning r.id, r.org_id, r.light
  )
  select taken.id, taken.org_id, taken.light from taken left join ranked on ranked.id = taken.id order by ranked.rank nulls first
$$;

revoke all on function private.park_run(uuid, text, text, timestamptz), private.wake_run() from public, anon, authenticated;
grant execute on function private.park_run(uuid, text, text, timestamptz) to service_role;

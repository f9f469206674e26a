-- Fewer round trips for a step, and room of their own for runs that need no sandbox.

/* Counts that a step's work begins, before it begins, and stores its events, in one round trip. Answers how often it has begun,
   whether the run was asked to stop or has ended, and where every step of the run is. */
create function private.begin_step(p_run uuid, p_step text, p_events jsonb, p_worker text) returns jsonb
  language plpgsql security definer set search_path = ''
  as $$
declare v_execs int;
begin
  -- The events' writer locks the run's row first; so must we.
  perform private.append_run_events(p_run, p_events, p_worker);
  update public.step_runs set execs = execs + 1 where run_id = p_run and step_id = p_step returning execs into v_execs;
  if v_execs is null then raise exception 'Step % of run % is not in step_runs', p_step, p_run using errcode = 'P0002'; end if;
  return (
    select jsonb_build_object('execs', v_execs, 'cancelRequested', r.cancel_requested_at is not null,
      'finished', r.status in ('succeeded', 'failed', 'canceled'),
      'steps', (select jsonb_agg(jsonb_build_object('step_id', s.step_id, 'type', s.type, 'status', s.status, 'execs', s.execs, 'outputs', s.outputs) order by s.position)
        from public.step_runs s where s.run_id = p_run))
    from public.runs r where r.id = p_run);
end $$;

alter table public.runs
  /* No step of it opens a sandbox: it costs a worker next to nothing. */
  add column light boolean not null default false;

/* Known from a run's steps as soon as they are there. */
create function private.mark_light(p_run uuid) returns void
  language sql security definer set search_path = ''
  as $$
  update public.runs set light = true
  where id = p_run and not exists (select 1 from public.step_runs where run_id = p_run and type not in ('approve', 'notify'))
$$;

create or replace function private.admit_run(p_run uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform private.mark_light(p_run);
  update public.runs set admitted_at = clock_timestamp() where id = p_run;
  perform dbos.enqueue_workflow(workflow_name => 'run', queue_name => 'offered', positional_args => array[to_json(p_run::text)], workflow_id => p_run::text, application_name => 'coder');
  perform pg_notify('coder_queue', '');
end $$;

drop function private.take_runs(text, text, int, uuid[]);
/* Gives a worker queued runs: up to p_limit, and besides one of each organisation it is at nothing of (p_busy: those it is at
   something of), so that nobody waits behind another's long runs; and up to p_light of those that need no sandbox.
   Organisations take turns: first whose runs are the fewest at work already, then the oldest. Their workflows are claimed as
   the engine's own dequeue does it (DBOS 5.3, findAndMarkStartableWorkflows): pending, this worker's, with p_claim as the
   token of the claim. */
create function private.take_runs(p_worker text, p_claim text, p_limit int, p_light int, p_busy uuid[])
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
      from chosen where s.workflow_uuid = chosen.id::text and s.status = 'ENQUEUED' and exists (select 1 from public.workers where id = p_worker)
      returning s.workflow_uuid
  ), taken as (
    update public.runs r set taken_by = p_worker from claimed where r.id = claimed.workflow_uuid::uuid returning r.id, r.org_id, r.light
  )
  select taken.id, taken.org_id, taken.light from taken join ranked on ranked.id = taken.id order by ranked.rank
$$;

revoke all on function private.begin_step(uuid, text, jsonb, text), private.mark_light(uuid), private.take_runs(text, text, int, int, uuid[])
  from public, anon, authenticated;
grant execute on function private.begin_step(uuid, text, jsonb, text), private.take_runs(text, text, int, int, uuid[]) to service_role;

-- What every run pays in the database: less of it for taking a run and for storing its events.

/* Keeps a worker's lease to the end of the transaction (else errcode 55000): nobody takes it for dead meanwhile, and it may go
   on to show that it lives. */
create function private.hold_lease(p_worker text) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform 1 from public.workers where id = p_worker for key share;
  if not found then raise exception 'Worker % is fenced: its lease is lost', p_worker using errcode = '55000'; end if;
end $$;

/* Locks a run's row as everybody who writes to it does, for a worker that holds its lease (else errcode 55000). */
create or replace function private.lock_run(p_run uuid, p_worker text) returns public.runs
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs;
begin
  select * into v_run from public.runs where id = p_run for update;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  perform private.hold_lease(p_worker);
  return v_run;
end $$;

/* Takes a run that waits for people out of its worker, unless it has been told something meanwhile or its time has come:
   then it answers false, and the worker goes on. True as well for an execution that the run does not belong to any more
   (p_owner is the token of its claim): whoever else has it now, or parked it, has the say.
   Nobody polls the engine's queue `parked`: see take_runs. */
create or replace function private.park_run(p_run uuid, p_worker text, p_owner text, p_wake_at timestamptz) returns boolean
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform private.lock_run(p_run, p_worker);
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

/* The only writer of run_events. p_events is [{ "key": text, "event": RunEvent }]; a key already stored is passed over.
   Status follows the event in the same transaction, and subscribers of the topic run:<id> get it at commit.
   The end of a run makes room in its concurrency group, in the same transaction.
   With p_worker, a worker that has lost its lease (its row is gone) is refused: errcode 55000, "fenced".
   Returns the last seq. */
create or replace function private.append_run_events(p_run uuid, p_events jsonb, p_worker text default null) returns int
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_group text;
  v_item jsonb;
  v_event jsonb;
  v_old_seq int;
  v_old_status text;
  v_at timestamptz;
begin
  if jsonb_path_exists(p_events, '$[*].event.type ? (@ == "run.finished")') then
    -- Before the row's lock, as everybody takes the two. Project and group of a run never change.
    select concurrency ->> 'group' into v_group from public.runs where id = p_run;
    perform private.lock_concurrency(project_id, v_group) from public.runs where id = p_run;
  end if;
  select * into v_run from public.runs where id = p_run for update;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  if p_worker is not null then perform private.hold_lease(p_worker); end if;
  v_old_seq := v_run.last_seq;
  v_old_status := v_run.status;
  for v_item in select * from jsonb_array_elements(p_events) loop
    -- A finished run is closed: nothing may follow its last event.
    exit when v_run.status in ('succeeded', 'failed', 'canceled');
    v_event := v_item -> 'event';
    v_at := clock_timestamp();
    insert into public.run_events (run_id, seq, org_id, key, at, event) values (p_run, v_run.last_seq + 1, v_run.org_id, v_item ->> 'key', v_at, v_event)
      on conflict (run_id, key) do nothing;
    continue when not found;
    v_run.last_seq := v_run.last_seq + 1;
    case v_event ->> 'type'
      when 'run.started' then
        v_run.status := 'running';
        v_run.started_at := coalesce(v_run.started_at, v_at);
      when 'step.started' then
        update public.step_runs set status = 'running', attempt = (v_event ->> 'attempt')::int, started_at = coalesce(started_at, v_at)
          where run_id = p_run and step_id = v_event ->> 'stepId';
        v_run.status := 'running';
      when 'step.waiting' then
        update public.step_runs set status = 'waiting', started_at = coalesce(started_at, v_at) where run_id = p_run and step_id = v_event ->> 'stepId';
        if not exists (select 1 from public.step_runs where run_id = p_run and status = 'running') then v_run.status := 'waiting'; end if;
      when 'approval.decided' then
        update public.step_runs set status = 'running' where run_id = p_run and step_id = v_event ->> 'stepId' and status = 'waiting';
        v_run.status := 'running';
      when 'step.finished' then
        update public.step_runs set status = v_event ->> 'status', exit_code = (v_event ->> 'exitCode')::int, outputs = v_event -> 'outputs',
            failure = nullif(v_event -> 'failure', 'null'), finished_at = v_at
          where run_id = p_run and step_id = v_event ->> 'stepId';
        if v_run.status = 'running'
           and exists (select 1 from public.step_runs where run_id = p_run and status = 'waiting')
           and not exists (select 1 from public.step_runs where run_id = p_run and status = 'running') then v_run.status := 'waiting'; end if;
      when 'artifact.created' then
        insert into public.artifacts (id, org_id, run_id, step_id, kind, name, sha256, size, data, made_from)
          values ((v_event #>> '{artifact,id}')::uuid, v_run.org_id, p_run, v_event #>> '{artifact,stepId}', v_event #>> '{artifact,kind}',
            v_event #>> '{artifact,name}', v_event #>> '{artifact,sha256}', (v_event #>> '{artifact,size}')::bigint, v_event #> '{artifact,data}',
            array(select jsonb_array_elements_text(v_event #> '{artifact,madeFrom}'))::uuid[])
          on conflict (id) do nothing;
      when 'cancel.requested' then
        v_run.cancel_requested_at := coalesce(v_run.cancel_requested_at, v_at);
      when 'run.finished' then
        v_run.status := v_event ->> 'status';
        v_run.finished_at := v_at;
        v_run.failure := nullif(v_event -> 'failure', 'null');
        v_run.outputs := v_event -> 'outputs';
        update public.step_runs set status = case when status = 'pending' then 'skipped' else 'canceled' end, finished_at = v_at
          where run_id = p_run and status in ('pending', 'running', 'waiting');
        update public.approvals set status = 'void', decided_at = v_at where run_id = p_run and status = 'waiting';
      else null;
    end case;
    perform realtime.send(jsonb_build_object('runId', p_run, 'seq', v_run.last_seq, 'at', v_at, 'event', v_event), 'run_event', 'run:' || p_run, true);
  end loop;
  if v_run.status is distinct from v_old_status or v_old_seq = 0 then
    perform realtime.send(jsonb_build_object('runId', p_run, 'number', v_run.number, 'status', v_run.status), 'run_changed', 'project:' || v_run.project_id, true);
    perform realtime.send(jsonb_build_object('runId', p_run, 'projectId', v_run.project_id, 'status', v_run.status), 'run_changed', 'org:' || v_run.org_id, true);
  end if;
  if v_run.last_seq = v_old_seq then return v_old_seq; end if;
  -- Once, whatever the events are: every change of a status is an entry in a dozen indexes.
  update public.runs set last_seq = v_run.last_seq, status = v_run.status, started_at = v_run.started_at,
    cancel_requested_at = v_run.cancel_requested_at, finished_at = v_run.finished_at, failure = v_run.failure, outputs = v_run.outputs
    where id = p_run;
  if v_group is not null and v_run.status is distinct from v_old_status then perform private.release_group(v_run.project_id, v_group); end if;
  return v_run.last_seq;
end $$;

/* Gives a worker queued runs: up to p_limit, and besides one of each organisation it is at nothing of (p_busy: those it is at
   something of), so that nobody waits behind another's long runs; and up to p_light of those that need no sandbox.
   Organisations take turns: first whose runs are the fewest at work already, then the oldest. Before them parked runs whose time has come,
   which have begun and are not limited: to the worker that had them, where their files are, or to anybody when it is gone.
   Their workflows are claimed as the engine's own dequeue does it (DBOS 5.3, findAndMarkStartableWorkflows): pending, this
   worker's, with p_claim as the token of the claim. */
create or replace function private.take_runs(p_worker text, p_claim text, p_limit int, p_light int, p_busy uuid[])
  returns table (run_id uuid, org_id uuid, light boolean)
  -- Not `sql`, whose functions are planned anew each time; arrays of ids, so that the plan does not depend on guesses at their number.
  language plpgsql security definer set search_path = ''
  as $$
#variable_conflict use_column
begin
  return query
  with recursive orgs as (
    -- From one organisation to the next in the index, past all of its runs.
    (select r.org_id from public.runs r where r.status = 'queued' and r.taken_by is null and r.admitted_at is not null order by r.org_id limit 1)
    union all
    select (select r.org_id from public.runs r
        where r.status = 'queued' and r.taken_by is null and r.admitted_at is not null and r.org_id > orgs.org_id order by r.org_id limit 1)
      from orgs where orgs.org_id is not null
  ), active as (
    select r.org_id, count(*) as runs from public.runs r where r.status in ('queued', 'running') and r.taken_by is not null group by r.org_id
  ), ready as (
    select w.id, w.org_id, w.light, w.admitted_at, row_number() over (partition by w.org_id, w.light order by w.admitted_at, w.id) as place
    from orgs
    cross join lateral (
      select r.id, r.org_id, r.light, r.admitted_at from public.runs r
      where r.org_id = orgs.org_id and r.status = 'queued' and r.taken_by is null and r.admitted_at is not null
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
    where r.id = any (array(select ranked.id from ranked
        where rank <= case when ranked.light then p_light else p_limit end or (place = 1 and not ranked.org_id = any (p_busy))))
      and r.status = 'queued' and r.taken_by is null
    for update skip locked
  ), claimed as (
    update dbos.workflow_status s set status = 'PENDING', executor_id = p_worker, owner_xid = p_claim, queue_name = null,
        application_version = (select version from public.workers where id = p_worker),
        started_at_epoch_ms = (extract(epoch from now()) * 1000)::bigint, updated_at = (extract(epoch from now()) * 1000)::bigint,
        recovery_attempts = recovery_attempts + 1
      where s.workflow_uuid = any (array(select due.id::text from due union all select chosen.id::text from chosen))
        and s.status = 'ENQUEUED' and exists (select 1 from public.workers where id = p_worker)
      returning s.workflow_uuid
  ), taken as (
    update public.runs r set taken_by = p_worker, wake_at = null from claimed where r.id = claimed.workflow_uuid::uuid returning r.id, r.org_id, r.light
  )
  select taken.id, taken.org_id, taken.light from taken left join ranked on ranked.id = taken.id order by ranked.rank nulls first;
end $$;

revoke all on function private.hold_lease(text) from public, anon, authenticated;

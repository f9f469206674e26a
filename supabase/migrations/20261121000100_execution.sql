-- Execution: concurrency groups, fair hand-over to workers, runs that take over what an earlier one did, prompt cancelling.

alter table public.runs
  /* 1, and one more for each run in the chain of re-runs that led to it. */
  add column attempt int not null default 1,
  /* Since when it may be started; null while its concurrency group is full. */
  add column admitted_at timestamptz default now(),
  /* The worker that has started it, or is about to. */
  add column taken_by text;
alter table public.runs alter column admitted_at drop default;

-- What is ready for a worker, by organisation; what workers are at; what belongs to a concurrency group.
create index runs_untaken on public.runs (org_id, admitted_at, id) where status = 'queued' and taken_by is null and admitted_at is not null;
create index runs_active on public.runs (org_id) where status in ('queued', 'running') and taken_by is not null;
create index runs_concurrency_open on public.runs (project_id, (concurrency ->> 'group'), number)
  where concurrency is not null and status in ('queued', 'running', 'waiting');

/* One decision at a time about who of a concurrency group may run, to the end of the transaction. Taken before any run's row. */
create function private.lock_concurrency(p_project uuid, p_group text) returns void
  language sql security definer set search_path = ''
  as $$ select pg_advisory_xact_lock(hashtextextended('concurrency:' || p_project || ':' || p_group, 0)) where p_group is not null $$;

/* Numbers of the runs that hold a place in a group: started or about to be, and not ended. */
create function private.group_holders(p_project uuid, p_group text) returns int[]
  language sql stable security definer set search_path = ''
  as $$
  select coalesce(array_agg(number order by number), '{}') from public.runs
  where project_id = p_project and concurrency ->> 'group' = p_group and concurrency is not null
    and status in ('queued', 'running', 'waiting') and admitted_at is not null
$$;

/* Lets a queued run be taken by the next worker that has room. Nobody polls the engine's queue `offered`: see take_runs. */
create function private.admit_run(p_run uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  update public.runs set admitted_at = clock_timestamp() where id = p_run;
  perform dbos.enqueue_workflow(workflow_name => 'run', queue_name => 'offered', positional_args => array[to_json(p_run::text)], workflow_id => p_run::text, application_name => 'coder');
  perform pg_notify('coder_queue', '');
end $$;

/* Admits the runs that wait in a group, in order, while there is room. The group's lock is held. */
create function private.release_group(p_project uuid, p_group text) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_next record;
begin
  for v_next in
    select id, (concurrency ->> 'max')::int as max from public.runs
    where project_id = p_project and concurrency ->> 'group' = p_group and concurrency is not null and status = 'queued' and admitted_at is null
    order by number
  loop
    exit when cardinality(private.group_holders(p_project, p_group)) >= v_next.max;
    perform private.admit_run(v_next.id);
    perform private.append_run_events(v_next.id, jsonb_build_array(jsonb_build_object('key', 'run.released', 'event',
      jsonb_build_object('type', 'run.released', 'group', p_group))));
  end loop;
end $$;

/* Releases what waits in groups that have room, should whoever held it have gone without an end (a deleted run). */
create function private.release_groups() returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_group record;
begin
  for v_group in
    select distinct project_id, concurrency ->> 'group' as name from public.runs
    where concurrency is not null and status = 'queued' and admitted_at is null
  loop
    perform private.lock_concurrency(v_group.project_id, v_group.name);
    perform private.release_group(v_group.project_id, v_group.name);
  end loop;
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
  v_seq int;
  v_at timestamptz;
  v_status text;
begin
  if jsonb_path_exists(p_events, '$[*].event.type ? (@ == "run.finished")') then
    -- Before the row's lock, as everybody takes the two. Project and group of a run never change.
    select concurrency ->> 'group' into v_group from public.runs where id = p_run;
    perform private.lock_concurrency(project_id, v_group) from public.runs where id = p_run;
  end if;
  select * into v_run from public.runs where id = p_run for update;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  if p_worker is not null then
    perform 1 from public.workers where id = p_worker for share;
    if not found then raise exception 'Worker % is fenced: its lease is lost', p_worker using errcode = '55000'; end if;
  end if;
  v_seq := v_run.last_seq;
  v_status := v_run.status;
  for v_item in select * from jsonb_array_elements(p_events) loop
    -- A finished run is closed: nothing may follow its last event.
    exit when v_status in ('succeeded', 'failed', 'canceled');
    v_event := v_item -> 'event';
    v_at := clock_timestamp();
    insert into public.run_events (run_id, seq, org_id, key, at, event) values (p_run, v_seq + 1, v_run.org_id, v_item ->> 'key', v_at, v_event)
      on conflict (run_id, key) do nothing;
    continue when not found;
    v_seq := v_seq + 1;
    case v_event ->> 'type'
      when 'run.started' then
        v_status := 'running';
        update public.runs set started_at = coalesce(started_at, v_at) where id = p_run;
      when 'step.started' then
        update public.step_runs set status = 'running', attempt = (v_event ->> 'attempt')::int, started_at = coalesce(started_at, v_at)
          where run_id = p_run and step_id = v_event ->> 'stepId';
        v_status := 'running';
      when 'step.waiting' then
        update public.step_runs set status = 'waiting', started_at = coalesce(started_at, v_at) where run_id = p_run and step_id = v_event ->> 'stepId';
        if not exists (select 1 from public.step_runs where run_id = p_run and status = 'running') then v_status := 'waiting'; end if;
      when 'approval.decided' then
        update public.step_runs set status = 'running' where run_id = p_run and step_id = v_event ->> 'stepId' and status = 'waiting';
        v_status := 'running';
      when 'step.finished' then
        update public.step_runs set status = v_event ->> 'status', exit_code = (v_event ->> 'exitCode')::int, outputs = v_event -> 'outputs',
            failure = nullif(v_event -> 'failure', 'null'), finished_at = v_at
          where run_id = p_run and step_id = v_event ->> 'stepId';
        if v_status = 'running'
           and exists (select 1 from public.step_runs where run_id = p_run and status = 'waiting')
           and not exists (select 1 from public.step_runs where run_id = p_run and status = 'running') then v_status := 'waiting'; end if;
      when 'artifact.created' then
        insert into public.artifacts (id, org_id, run_id, step_id, kind, name, sha256, size, data, made_from)
          values ((v_event #>> '{artifact,id}')::uuid, v_run.org_id, p_run, v_event #>> '{artifact,stepId}', v_event #>> '{artifact,kind}',
            v_event #>> '{artifact,name}', v_event #>> '{artifact,sha256}', (v_event #>> '{artifact,size}')::bigint, v_event #> '{artifact,data}',
            array(select jsonb_array_elements_text(v_event #> '{artifact,madeFrom}'))::uuid[])
          on conflict (id) do nothing;
      when 'cancel.requested' then
        update public.runs set cancel_requested_at = coalesce(cancel_requested_at, v_at) where id = p_run;
      when 'run.finished' then
        v_status := v_event ->> 'status';
        update public.runs set finished_at = v_at, failure = nullif(v_event -> 'failure', 'null'), outputs = v_event -> 'outputs' where id = p_run;
        update public.step_runs set status = case when status = 'pending' then 'skipped' else 'canceled' end, finished_at = v_at
          where run_id = p_run and status in ('pending', 'running', 'waiting');
        update public.approvals set status = 'void', decided_at = v_at where run_id = p_run and status = 'waiting';
      else null;
    end case;
    perform realtime.send(jsonb_build_object('runId', p_run, 'seq', v_seq, 'at', v_at, 'event', v_event), 'run_event', 'run:' || p_run, true);
  end loop;
  if v_status is distinct from v_run.status or v_run.last_seq = 0 then
    perform realtime.send(jsonb_build_object('runId', p_run, 'number', v_run.number, 'status', v_status), 'run_changed', 'project:' || v_run.project_id, true);
    perform realtime.send(jsonb_build_object('runId', p_run, 'projectId', v_run.project_id, 'status', v_status), 'run_changed', 'org:' || v_run.org_id, true);
  end if;
  update public.runs set last_seq = v_seq, status = v_status where id = p_run;
  if v_group is not null and v_status is distinct from v_run.status then perform private.release_group(v_run.project_id, v_group); end if;
  return v_seq;
end $$;

/* Asks a run to stop, saying why. What no worker has started ends at once; else the engine kills what runs and writes the end.
   The lock of its concurrency group is held. */
create function private.request_cancel(p_run uuid, p_by uuid, p_reason text) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_requested jsonb;
begin
  select * into v_run from public.runs where id = p_run for update;
  if v_run.status in ('succeeded', 'failed', 'canceled') or v_run.cancel_requested_at is not null then return; end if;
  v_requested := jsonb_build_object('key', 'cancel.requested', 'event',
    jsonb_strip_nulls(jsonb_build_object('type', 'cancel.requested', 'reason', p_reason)) || jsonb_build_object('by', p_by));
  if v_run.status = 'queued' then
    perform private.append_run_events(p_run, jsonb_build_array(v_requested, jsonb_build_object('key', 'run.finished', 'event', jsonb_build_object(
      'type', 'run.finished', 'status', 'canceled', 'outputs', jsonb_build_object(),
      'failure', jsonb_build_object('code', 'canceled', 'message', coalesce(p_reason, 'The run was canceled before it started.'))))));
  else
    perform private.append_run_events(p_run, jsonb_build_array(v_requested));
  end if;
  -- What nobody has taken never will be. A workflow that is just starting may be past its look at the run's status.
  update dbos.workflow_status set status = 'CANCELLED' where workflow_uuid = p_run::text and status = 'ENQUEUED' and queue_name = 'offered';
  if not found and exists (select 1 from dbos.workflow_status where workflow_uuid = p_run::text) then
    perform dbos.send_message(destination_id => p_run::text, message => json_build_object('type', 'cancel', 'reason', p_reason), topic => 'ev', message_id => 'cancel:' || p_run);
  end if;
end $$;

/* Asks a run to stop. Asking twice, or after the end, changes nothing. */
create or replace function public.cancel_run(p_run uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs;
begin
  select * into v_run from public.runs where id = p_run;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  perform private.require_project_writer(v_run.project_id);
  perform private.lock_concurrency(v_run.project_id, v_run.concurrency ->> 'group');
  perform private.request_cancel(p_run, auth.uid(), null);
end $$;

/* Decides whether a new run of a concurrency group may start now, waits, or does not run at all. */
create function private.enter_group(p_run uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_group text;
  v_max int;
  v_when_full text;
  v_others int;
  v_old record;
  v_holders int[];
begin
  select * into v_run from public.runs where id = p_run;
  v_group := v_run.concurrency ->> 'group';
  v_max := coalesce((v_run.concurrency ->> 'max')::int, 1);
  v_when_full := coalesce(v_run.concurrency ->> 'when_full', 'queue');
  v_holders := private.group_holders(v_run.project_id, v_group);
  if v_when_full = 'skip' and cardinality(v_holders) >= v_max then
    perform private.append_run_events(p_run, jsonb_build_array(jsonb_build_object('key', 'run.finished', 'event', jsonb_build_object(
      'type', 'run.finished', 'status', 'canceled', 'outputs', jsonb_build_object(), 'failure', jsonb_build_object('code', 'skipped_concurrency', 'message',
        format('The group %s was full (at most %s at once): run #%s has it.', v_group, v_max, array_to_string(v_holders, ', #')))))));
    return;
  end if;
  if v_when_full = 'cancel_oldest' then
    select count(*) into v_others from public.runs where project_id = v_run.project_id and concurrency ->> 'group' = v_group and concurrency is not null
      and status in ('queued', 'running', 'waiting') and id <> p_run and cancel_requested_at is null;
    for v_old in
      select id from public.runs where project_id = v_run.project_id and concurrency ->> 'group' = v_group and concurrency is not null
        and status in ('queued', 'running', 'waiting') and id <> p_run and cancel_requested_at is null
      order by number limit greatest(0, v_others + 1 - v_max)
    loop
      perform private.request_cancel(v_old.id, null, format('Run #%s takes its place in the group %s (at most %s at once).', v_run.number, v_group, v_max));
    end loop;
    v_holders := private.group_holders(v_run.project_id, v_group);
  end if;
  -- Nobody overtakes those who wait already.
  if cardinality(v_holders) < v_max and not exists (
    select 1 from public.runs where project_id = v_run.project_id and concurrency ->> 'group' = v_group and concurrency is not null
      and status = 'queued' and admitted_at is null and id <> p_run)
  then
    perform private.admit_run(p_run);
    return;
  end if;
  perform private.append_run_events(p_run, jsonb_build_array(jsonb_build_object('key', 'run.held', 'event',
    jsonb_build_object('type', 'run.held', 'group', v_group, 'max', v_max, 'holders', to_jsonb(v_holders)))));
end $$;

/* Inserts a queued run with its steps and first event, and offers it to the workers, in one transaction.
   Idempotent by id: the second call of one intent answers the same number. Returns the run's number.
   p_options: { deliveryId?, depth?, concurrency?: { group, max, when_full }, seed?: { <stepId>: { outputs, from: { runId, number } } } }. */
create or replace function public.start_run(
  p_id uuid, p_project uuid, p_kind text, p_workflow_path text, p_name text, p_ref text, p_commit text, p_trigger text,
  p_inputs jsonb, p_snapshot jsonb, p_steps jsonb, p_dry_run boolean default false, p_rerun_of uuid default null, p_options jsonb default '{}'
) returns int
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_number int;
  v_attempt int := 1;
  v_existing public.runs;
  v_concurrency jsonb := nullif(p_options -> 'concurrency', 'null');
begin
  perform private.require_api();
  if p_rerun_of is not null then
    select attempt + 1 into v_attempt from public.runs where id = p_rerun_of and project_id = p_project;
    if not found then raise exception 'Run % is not one of this project', p_rerun_of using errcode = 'P0002'; end if;
  end if;
  -- Serialises starts of one project, and with them two calls of one intent.
  update public.projects set last_run_number = last_run_number + 1, updated_at = now() where id = p_project returning last_run_number into v_number;
  select * into v_existing from public.runs where id = p_id;
  if v_existing.id is not null then
    update public.projects set last_run_number = last_run_number - 1 where id = p_project;
    if v_existing.project_id <> p_project then raise exception 'Run id % is taken', p_id using errcode = '23505'; end if;
    return v_existing.number;
  end if;
  perform private.lock_concurrency(p_project, v_concurrency ->> 'group');
  insert into public.runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, inputs, snapshot, dry_run, rerun_of, created_by,
      delivery_id, depth, concurrency, seed, attempt)
    values (p_id, v_org, p_project, v_number, p_kind, p_workflow_path, p_name, p_ref, p_commit, p_trigger, p_inputs, p_snapshot, p_dry_run, p_rerun_of, auth.uid(),
      (p_options ->> 'deliveryId')::uuid, coalesce((p_options ->> 'depth')::int, 0), v_concurrency, coalesce(p_options -> 'seed', '{}'), v_attempt);
  insert into public.step_runs (run_id, step_id, org_id, position, type, name)
    select p_id, s.value ->> 'id', v_org, s.ordinality, s.value ->> 'type', s.value ->> 'name'
    from jsonb_array_elements(p_steps) with ordinality s;
  perform private.append_run_events(p_id, jsonb_build_array(jsonb_build_object('key', 'run.queued', 'event', jsonb_build_object(
    'type', 'run.queued', 'workflowPath', p_workflow_path, 'name', p_name, 'commit', p_commit, 'ref', p_ref, 'trigger', p_trigger,
    'inputs', p_inputs, 'steps', p_steps))));
  if v_concurrency is null then perform private.admit_run(p_id); else perform private.enter_group(p_id); end if;
  return v_number;
end $$;

/* Gives a worker queued runs: up to p_limit, and besides one of each organisation it is at nothing of (p_busy: those it is at
   something of), so that nobody waits behind another's long runs. Organisations take turns: first whose runs are the fewest
   at work already, then the oldest. Their workflows are claimed as the engine's own dequeue does it (DBOS 5.3,
   findAndMarkStartableWorkflows): pending, this worker's, with p_claim as the token of the claim. */
create function private.take_runs(p_worker text, p_claim text, p_limit int, p_busy uuid[]) returns table (run_id uuid, org_id uuid)
  language sql security definer set search_path = ''
  as $$
  with active as (
    select r.org_id, count(*) as runs from public.runs r where r.status in ('queued', 'running') and r.taken_by is not null group by r.org_id
  ), ready as (
    select w.id, w.org_id, w.admitted_at, row_number() over (partition by w.org_id order by w.admitted_at, w.id) as place
    from (select distinct r.org_id from public.runs r where r.status = 'queued' and r.taken_by is null and r.admitted_at is not null) o
    cross join lateral (
      select r.id, r.org_id, r.admitted_at from public.runs r
      where r.org_id = o.org_id and r.status = 'queued' and r.taken_by is null and r.admitted_at is not null
      order by r.admitted_at, r.id limit greatest(p_limit, 1)
    ) w
  ), ranked as (
    select ready.*, row_number() over (order by ready.place + coalesce(active.runs, 0), ready.admitted_at, ready.id) as rank
    from ready left join active on active.org_id = ready.org_id
  ), chosen as (
    select r.id from public.runs r
    where r.id in (select id from ranked where rank <= p_limit or (place = 1 and not ranked.org_id = any (p_busy)))
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
    update public.runs r set taken_by = p_worker from claimed where r.id = claimed.workflow_uuid::uuid returning r.id, r.org_id
  )
  select taken.id, taken.org_id from taken join ranked on ranked.id = taken.id order by ranked.rank
$$;

revoke all on function private.lock_concurrency(uuid, text), private.group_holders(uuid, text), private.admit_run(uuid), private.release_group(uuid, text),
  private.release_groups(), private.request_cancel(uuid, uuid, text), private.enter_group(uuid), private.take_runs(text, text, int, uuid[])
  from public, anon, authenticated;
grant execute on function private.release_groups(), private.take_runs(text, text, int, uuid[]) to service_role;

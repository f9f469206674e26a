-- Runs. Events are the truth; the status columns are derived in the same transaction that stores the event.

create table public.workers (
  id text primary key,
  version text not null,
  started_at timestamptz not null default now(),
  seen timestamptz not null default now()
);

create table public.runs (
  id uuid primary key,
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  number int not null,
  /* "workflow" runs a file; "operationalize" reads a project and proposes files. */
  kind text not null check (kind in ('workflow', 'operationalize')),
  workflow_path text not null,
  name text not null,
  status text not null default 'queued' check (status in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'canceled')),
  ref text not null,
  commit text not null,
  trigger text not null,
  inputs jsonb not null default '{}',
  /* { yaml, engineVersion, event? }: the run never looks at the file again. */
  snapshot jsonb not null,
  dry_run boolean not null default false,
  rerun_of uuid references public.runs (id) on delete set null,
  failure jsonb,
  outputs jsonb,
  cancel_requested_at timestamptz,
  last_seq int not null default 0,
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  unique (project_id, number)
);
create index runs_project_created on public.runs (project_id, created_at desc, id desc);
create index runs_org_open on public.runs (org_id, created_at desc) where status in ('queued', 'running', 'waiting');
alter table public.changes add foreign key (run_id) references public.runs (id) on delete set null;
alter table public.deployments add foreign key (run_id) references public.runs (id) on delete set null;

create table public.step_runs (
  run_id uuid not null references public.runs (id) on delete cascade,
  step_id text not null,
  org_id uuid not null references public.orgs (id) on delete cascade,
  position int not null,
  type text not null,
  name text not null,
  status text not null default 'pending' check (status in ('pending', 'running', 'waiting', 'succeeded', 'failed', 'skipped', 'canceled')),
  /* How often the step's work was begun, counted before it begins: 2 on a first attempt means an interruption. */
  execs int not null default 0,
  attempt int not null default 0,
  exit_code int,
  outputs jsonb not null default '{}',
  failure jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (run_id, step_id)
);

create table public.run_events (
  run_id uuid not null references public.runs (id) on delete cascade,
  seq int not null,
  org_id uuid not null references public.orgs (id) on delete cascade,
  /* Names the fact, so that a replayed step stores it once. */
  key text not null,
  at timestamptz not null default clock_timestamp(),
  event jsonb not null,
  primary key (run_id, seq),
  unique (run_id, key)
);

create table public.artifacts (
  id uuid primary key,
  org_id uuid not null references public.orgs (id) on delete cascade,
  run_id uuid not null references public.runs (id) on delete cascade,
  step_id text,
  kind text not null,
  name text not null,
  sha256 text not null,
  size bigint not null default 0,
  data jsonb not null default '{}',
  made_from uuid[] not null default '{}',
  created_at timestamptz not null default now()
);
create index artifacts_run_id on public.artifacts (run_id, created_at);

create table public.approvals (
  id uuid primary key,
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  run_id uuid not null references public.runs (id) on delete cascade,
  step_id text not null,
  reason text not null,
  action text,
  content_hash text not null,
  subject jsonb not null default '{}',
  /* Roles that may decide; empty means every writer. */
  approvers text[] not null default '{}',
  self_approval boolean not null default true,
  status text not null default 'waiting' check (status in ('waiting', 'approved', 'rejected', 'expired', 'void')),
  comment text,
  decided_by uuid references public.profiles (id) on delete set null,
  decided_at timestamptz,
  requested_at timestamptz not null default now(),
  expires_at timestamptz
);
create index approvals_waiting on public.approvals (org_id, requested_at) where status = 'waiting';
create index approvals_run_id on public.approvals (run_id);

alter table public.workers enable row level security;
alter table public.runs enable row level security;
alter table public.step_runs enable row level security;
alter table public.run_events enable row level security;
alter table public.artifacts enable row level security;
alter table public.approvals enable row level security;

create policy "members see runs" on public.runs for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see steps" on public.step_runs for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see events" on public.run_events for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see artifacts" on public.artifacts for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see approvals" on public.approvals for select to authenticated using (org_id in (select private.my_orgs()));

revoke all on public.workers, public.runs, public.step_runs, public.run_events, public.artifacts, public.approvals from anon, authenticated;
grant select on public.runs, public.step_runs, public.run_events, public.artifacts, public.approvals to authenticated;

/* The only writer of run_events. p_events is [{ "key": text, "event": RunEvent }]; a key already stored is passed over.
   Status follows the event in the same transaction, and subscribers of the topic run:<id> get it at commit.
   With p_worker, a worker that has lost its lease (its row is gone) is refused: errcode 55000, "fenced".
   Returns the last seq. */
create function private.append_run_events(p_run uuid, p_events jsonb, p_worker text default null) returns int
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_item jsonb;
  v_event jsonb;
  v_seq int;
  v_at timestamptz;
  v_status text;
begin
  select * into v_run from public.runs where id = p_run for update;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  if p_worker is not null then
    perform 1 from public.workers where id = p_worker for share;
    if not found then raise exception 'Worker % is fenced: its lease is lost', p_worker using errcode = '55000'; end if;
  end if;
  v_seq := v_run.last_seq;
  v_status := v_run.status;
  for v_item in select * from jsonb_array_elements(p_events) loop
    if exists (select 1 from public.run_events where run_id = p_run and key = v_item ->> 'key') then continue; end if;
    v_event := v_item -> 'event';
    -- A finished run is closed: nothing may follow its last event.
    if v_status in ('succeeded', 'failed', 'canceled') then continue; end if;
    v_seq := v_seq + 1;
    v_at := clock_timestamp();
    insert into public.run_events (run_id, seq, org_id, key, at, event) values (p_run, v_seq, v_run.org_id, v_item ->> 'key', v_at, v_event);
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
  return v_seq;
end $$;

/* Inserts a queued run with its steps and first event, and hands it to the engine, in one transaction.
   Idempotent by id: the second call of one intent answers the same number. Returns the run's number. */
create function public.start_run(
  p_id uuid, p_project uuid, p_kind text, p_workflow_path text, p_name text, p_ref text, p_commit text, p_trigger text,
  p_inputs jsonb, p_snapshot jsonb, p_steps jsonb, p_dry_run boolean default false, p_rerun_of uuid default null
) returns int
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_number int;
  v_existing public.runs;
begin
  perform private.require_api();
  if p_rerun_of is not null and not exists (select 1 from public.runs where id = p_rerun_of and project_id = p_project) then
    raise exception 'Run % is not one of this project', p_rerun_of using errcode = 'P0002';
  end if;
  -- Serialises starts of one project, and with them two calls of one intent.
  update public.projects set last_run_number = last_run_number + 1, updated_at = now() where id = p_project returning last_run_number into v_number;
  select * into v_existing from public.runs where id = p_id;
  if v_existing.id is not null then
    update public.projects set last_run_number = last_run_number - 1 where id = p_project;
    if v_existing.project_id <> p_project then raise exception 'Run id % is taken', p_id using errcode = '23505'; end if;
    return v_existing.number;
  end if;
  insert into public.runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, inputs, snapshot, dry_run, rerun_of, created_by)
    values (p_id, v_org, p_project, v_number, p_kind, p_workflow_path, p_name, p_ref, p_commit, p_trigger, p_inputs, p_snapshot, p_dry_run, p_rerun_of, auth.uid());
  insert into public.step_runs (run_id, step_id, org_id, position, type, name)
    select p_id, s.value ->> 'id', v_org, s.ordinality, s.value ->> 'type', s.value ->> 'name'
    from jsonb_array_elements(p_steps) with ordinality s;
  perform private.append_run_events(p_id, jsonb_build_array(jsonb_build_object('key', 'run.queued', 'event', jsonb_build_object(
    'type', 'run.queued', 'workflowPath', p_workflow_path, 'name', p_name, 'commit', p_commit, 'ref', p_ref, 'trigger', p_trigger,
    'inputs', p_inputs, 'steps', p_steps))));
  perform dbos.enqueue_workflow(workflow_name => 'run', queue_name => 'runs', positional_args => array[to_json(p_id::text)], workflow_id => p_id::text, application_name => 'coder');
  return v_number;
end $$;

/* Loads a run the caller may write to, locked; "not found" for a stranger. */
create function private.require_run_writer(p_run uuid) returns public.runs
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs;
begin
  select * into v_run from public.runs where id = p_run for update;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  perform private.require_project_writer(v_run.project_id);
  return v_run;
end $$;

/* Asks a run to stop. The engine kills what runs and writes the end; asking twice, or after the end, changes nothing. */
create function public.cancel_run(p_run uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs := private.require_run_writer(p_run);
begin
  if v_run.status in ('succeeded', 'failed', 'canceled') or v_run.cancel_requested_at is not null then return; end if;
  perform private.append_run_events(p_run, jsonb_build_array(jsonb_build_object('key', 'cancel.requested', 'event',
    jsonb_build_object('type', 'cancel.requested', 'by', auth.uid()))));
  perform dbos.send_message(destination_id => p_run::text, message => json_build_object('type', 'cancel'), topic => 'ev', message_id => 'cancel:' || p_run);
end $$;

/* Decides an approval. The caller names the content hash that was shown; another hash is refused. */
create function public.decide_approval(p_approval uuid, p_decision text, p_content_hash text, p_comment text default null) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_approval public.approvals;
  v_run public.runs;
  v_role public.member_role;
begin
  if p_decision not in ('approved', 'rejected') then raise exception 'A decision is approved or rejected, not %', p_decision using errcode = '22023'; end if;
  select * into v_approval from public.approvals where id = p_approval;
  if v_approval.id is null then raise exception 'Approval % not found', p_approval using errcode = 'P0002'; end if;
  -- The run's row first, as every writer of events does, or two transactions could wait for each other.
  v_run := private.require_run_writer(v_approval.run_id);
  select * into v_approval from public.approvals where id = p_approval for update;
  if v_approval.status = p_decision and v_approval.decided_by = auth.uid() then return; end if;
  if v_approval.status <> 'waiting' then raise exception 'This approval is already %', v_approval.status using errcode = '23505'; end if;
  if v_approval.expires_at < now() then raise exception 'This approval expired at %', v_approval.expires_at using errcode = '23505'; end if;
  if v_approval.content_hash <> p_content_hash then
    raise exception 'What would happen has changed since you looked: reload and decide again' using errcode = '23505';
  end if;
  select role into v_role from public.members where org_id = v_approval.org_id and user_id = auth.uid();
  -- auth.uid() and not the token's e-mail: an address in a token may be out of date.
  if v_role is null or (cardinality(v_approval.approvers) > 0 and not ('role:' || v_role) = any (v_approval.approvers)
      and not (v_role = 'owner' and 'role:admin' = any (v_approval.approvers))
      and not exists (select 1 from public.profiles where id = auth.uid() and 'user:' || lower(email) = any (select lower(a) from unnest(v_approval.approvers) a))) then
    raise exception 'This approval is for %', array_to_string(v_approval.approvers, ', ') using errcode = '42501';
  end if;
  if not v_approval.self_approval and v_run.created_by = auth.uid() then
    raise exception 'Who started the run cannot approve it' using errcode = '42501';
  end if;
  update public.approvals set status = p_decision, decided_by = auth.uid(), decided_at = now(), comment = p_comment where id = p_approval;
  perform private.append_run_events(v_approval.run_id, jsonb_build_array(jsonb_build_object('key', 'approval.decided:' || p_approval, 'event',
    jsonb_build_object('type', 'approval.decided', 'approvalId', p_approval, 'stepId', v_approval.step_id, 'decision', p_decision,
      'decidedBy', auth.uid(), 'comment', p_comment))));
  perform dbos.send_message(destination_id => v_approval.run_id::text,
    message => json_build_object('type', 'approval', 'approvalId', p_approval, 'stepId', v_approval.step_id, 'decision', p_decision),
    topic => 'ev', message_id => 'approval:' || p_approval);
end $$;

revoke all on all functions in schema private from public, anon;
revoke all on function private.append_run_events(uuid, jsonb, text), private.require_run_writer(uuid) from authenticated;
grant execute on function private.append_run_events(uuid, jsonb, text) to service_role;
revoke all on function public.start_run(uuid, uuid, text, text, text, text, text, text, jsonb, jsonb, jsonb, boolean, uuid), public.cancel_run(uuid), public.decide_approval(uuid, text, text, text) from public, anon;
grant execute on function public.start_run(uuid, uuid, text, text, text, text, text, text, jsonb, jsonb, jsonb, boolean, uuid), public.cancel_run(uuid), public.decide_approval(uuid, text, text, text) to authenticated, service_role;

-- Who may listen: members of the organisation that the topic's run, project or organisation belongs to. Nobody but the server sends.
create policy "members listen to their runs, projects and organisations" on realtime.messages for select to authenticated
  using (
    (extension = 'broadcast' and (select realtime.topic()) like 'run:%'
      and exists (select 1 from public.runs r where r.id::text = substr((select realtime.topic()), 5) and r.org_id in (select private.my_orgs())))
    or (extension = 'broadcast' and (select realtime.topic()) like 'project:%'
      and exists (select 1 from public.projects p where p.id::text = substr((select realtime.topic()), 9) and p.org_id in (select private.my_orgs())))
    or (extension = 'broadcast' and (select realtime.topic()) like 'org:%'
      and substr((select realtime.topic()), 5) in (select o::text from private.my_orgs() o))
  );

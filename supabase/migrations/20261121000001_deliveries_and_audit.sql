-- What reaches a project from outside (deliveries), what was allowed and refused (the audit log), and what a run needs to know of both.

/* One thing that happened and may start workflows: a push, a webhook's request, a due minute, another run's end. */
create table public.deliveries (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  source text not null check (source in ('repo', 'webhook', 'cron', 'workflow')),
  /* "push", "pull_request.opened" …; the webhook's name; the path of the workflow that is due or has ended. */
  event text not null check (length(event) between 1 and 1024),
  /* Names the fact within its project and source: what comes in twice is one delivery. */
  key text not null check (length(key) between 1 and 500),
  /* What expressions and filters see as `event`. */
  payload jsonb not null,
  /* How many workflows in a row have led to it; loops end at a limit. */
  depth int not null default 0,
  redelivery_of uuid references public.deliveries (id) on delete set null,
  status text not null default 'pending' check (status in ('pending', 'handled', 'failed')),
  /* Per workflow that was looked at: its path, and either the run that it started or the clause that rejected it. */
  outcome jsonb not null default '[]',
  failure text,
  received_at timestamptz not null default clock_timestamp(),
  handled_at timestamptz,
  unique (project_id, source, key)
);
create index deliveries_project_received on public.deliveries (project_id, received_at desc, id desc);

/* The audit log: one hash chain per organisation. `entry` is the very text that was hashed, so that it can be verified anywhere:
   hash = sha-256 of the hash before it (64 zeros before the first), a line feed, and the entry. */
create table public.audit_log (
  org_id uuid not null references public.orgs (id) on delete cascade,
  seq bigint not null,
  at timestamptz not null,
  project_id uuid,
  run_id uuid,
  /* "user:<id>", "run:<id>" or "system". */
  actor text not null,
  action text not null,
  decision text not null check (decision in ('allow', 'deny', 'ask')),
  rule text not null,
  entry text not null,
  prev_hash text not null,
  hash text not null,
  primary key (org_id, seq)
);
create index audit_log_project on public.audit_log (project_id, seq desc);

alter table public.runs
  add column delivery_id uuid references public.deliveries (id) on delete set null,
  add column depth int not null default 0,
  /* { group, max, when_full } with its expressions resolved; null without a group. */
  add column concurrency jsonb,
  /* { <stepId>: { outputs } } of steps that an earlier run has done already. */
  add column seed jsonb not null default '{}';
create index runs_delivery_id on public.runs (delivery_id) where delivery_id is not null;

alter table public.deliveries enable row level security;
alter table public.audit_log enable row level security;
create policy "members see deliveries" on public.deliveries for select to authenticated using (org_id in (select private.my_orgs()));
create policy "admins see the audit log" on public.audit_log for select to authenticated using (org_id in (select private.my_admin_orgs()));
revoke all on public.deliveries, public.audit_log from anon, authenticated;
grant select on public.deliveries, public.audit_log to authenticated;
-- Append only, for the server as well.
revoke update, delete, truncate on public.audit_log from service_role;

/* Appends one entry to an organisation's chain. p_entry: { actor, action, decision, rule, projectId?, runId?, stepId?, subject? }. */
create function private.audit(p_org uuid, p_entry jsonb) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_seq bigint;
  v_prev text;
  v_at timestamptz;
  v_text text;
begin
  -- One writer of a chain at a time, to the end of its transaction.
  perform pg_advisory_xact_lock(hashtextextended('audit:' || p_org, 0));
  select seq, hash into v_seq, v_prev from public.audit_log where org_id = p_org order by seq desc limit 1;
  v_seq := coalesce(v_seq, 0) + 1;
  v_prev := coalesce(v_prev, repeat('0', 64));
  v_at := clock_timestamp();
  v_text := (jsonb_strip_nulls(p_entry) || jsonb_build_object('seq', v_seq, 'at', to_char(v_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'orgId', p_org))::text;
  insert into public.audit_log (org_id, seq, at, project_id, run_id, actor, action, decision, rule, entry, prev_hash, hash)
    values (p_org, v_seq, v_at, (p_entry ->> 'projectId')::uuid, (p_entry ->> 'runId')::uuid, p_entry ->> 'actor', p_entry ->> 'action',
      p_entry ->> 'decision', p_entry ->> 'rule', v_text, v_prev, encode(sha256(convert_to(v_prev || E'\n' || v_text, 'UTF8')), 'hex'));
end $$;

/* Records that something has happened, and hands it to a worker, in one transaction with whatever made it happen.
   The same key again is the same delivery. Returns its id. */
create function private.record_delivery(p_project uuid, p_source text, p_event text, p_key text, p_payload jsonb, p_depth int default 0, p_redelivery_of uuid default null) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
declare v_id uuid;
begin
  insert into public.deliveries (org_id, project_id, source, event, key, payload, depth, redelivery_of)
    select p.org_id, p.id, p_source, p_event, p_key, p_payload, p_depth, p_redelivery_of from public.projects p where p.id = p_project
    on conflict (project_id, source, key) do nothing returning id into v_id;
  if v_id is null then
    select id into v_id from public.deliveries where project_id = p_project and source = p_source and key = p_key;
    return v_id;
  end if;
  perform dbos.enqueue_workflow(workflow_name => 'deliver', queue_name => 'deliveries', positional_args => array[to_json(v_id::text)], workflow_id => 'delivery/' || v_id, application_name => 'coder');
  return v_id;
end $$;

drop function public.start_run(uuid, uuid, text, text, text, text, text, text, jsonb, jsonb, jsonb, boolean, uuid);
/* Inserts a queued run with its steps and first event, and hands it to the engine, in one transaction.
   Idempotent by id: the second call of one intent answers the same number. Returns the run's number.
   p_options: { deliveryId?, depth?, concurrency?: { group, max, when_full }, seed?: { <stepId>: { outputs } } }. */
create function public.start_run(
  p_id uuid, p_project uuid, p_kind text, p_workflow_path text, p_name text, p_ref text, p_commit text, p_trigger text,
  p_inputs jsonb, p_snapshot jsonb, p_steps jsonb, p_dry_run boolean default false, p_rerun_of uuid default null, p_options jsonb default '{}'
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
  insert into public.runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, inputs, snapshot, dry_run, rerun_of, created_by,
      delivery_id, depth, concurrency, seed)
    values (p_id, v_org, p_project, v_number, p_kind, p_workflow_path, p_name, p_ref, p_commit, p_trigger, p_inputs, p_snapshot, p_dry_run, p_rerun_of, auth.uid(),
      (p_options ->> 'deliveryId')::uuid, coalesce((p_options ->> 'depth')::int, 0), nullif(p_options -> 'concurrency', 'null'), coalesce(p_options -> 'seed', '{}'));
  insert into public.step_runs (run_id, step_id, org_id, position, type, name)
    select p_id, s.value ->> 'id', v_org, s.ordinality, s.value ->> 'type', s.value ->> 'name'
    from jsonb_array_elements(p_steps) with ordinality s;
  perform private.append_run_events(p_id, jsonb_build_array(jsonb_build_object('key', 'run.queued', 'event', jsonb_build_object(
    'type', 'run.queued', 'workflowPath', p_workflow_path, 'name', p_name, 'commit', p_commit, 'ref', p_ref, 'trigger', p_trigger,
    'inputs', p_inputs, 'steps', p_steps))));
  perform dbos.enqueue_workflow(workflow_name => 'run', queue_name => 'runs', positional_args => array[to_json(p_id::text)], workflow_id => p_id::text, application_name => 'coder');
  return v_number;
end $$;

revoke all on function private.audit(uuid, jsonb), private.record_delivery(uuid, text, text, text, jsonb, int, uuid) from public, anon, authenticated;
grant execute on function private.audit(uuid, jsonb), private.record_delivery(uuid, text, text, text, jsonb, int, uuid) to service_role;
revoke all on function public.start_run(uuid, uuid, text, text, text, text, text, text, jsonb, jsonb, jsonb, boolean, uuid, jsonb) from public, anon;
grant execute on function public.start_run(uuid, uuid, text, text, text, text, text, text, jsonb, jsonb, jsonb, boolean, uuid, jsonb) to authenticated, service_role;

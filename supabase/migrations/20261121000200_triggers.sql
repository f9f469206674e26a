-- What waits for events: the triggers of the default branch's files, kept in step with them, and when schedules are due.

/* How far the triggers of a project are known. A worker reads the files again when the project has changed since `checked_at`. */
create table public.trigger_syncs (
  project_id uuid primary key references public.projects (id) on delete cascade,
  org_id uuid not null references public.orgs (id) on delete cascade,
  /* Head of the default branch that the tables below say what was in; null for an empty repository, or none yet. */
  commit text,
  checked_at timestamptz not null default clock_timestamp(),
  /* After a failure: not before. */
  retry_at timestamptz
);

/* Triggers that wait for a webhook or another workflow: looked up when one comes in, without reading files. */
create table public.trigger_listeners (
  project_id uuid not null references public.projects (id) on delete cascade,
  org_id uuid not null references public.orgs (id) on delete cascade,
  workflow_path text not null,
  /* Position in the file's `triggers`. */
  trigger int not null,
  type text not null check (type in ('webhook', 'workflow')),
  /* The webhook's name; the other workflow's path or file name. */
  name text not null,
  secret_ref text,
  primary key (project_id, workflow_path, trigger)
);
create index trigger_listeners_name on public.trigger_listeners (project_id, type, name);

create table public.schedules (
  project_id uuid not null references public.projects (id) on delete cascade,
  org_id uuid not null references public.orgs (id) on delete cascade,
  workflow_path text not null,
  trigger int not null,
  cron text not null,
  timezone text not null,
  catch_up text not null check (catch_up in ('none', 'last', 'all')),
  /* When it is due next; null when it never is again. Every minute before it has been dealt with. */
  next_due timestamptz,
  primary key (project_id, workflow_path, trigger)
);
create index schedules_next_due on public.schedules (next_due);

alter table public.trigger_syncs enable row level security;
alter table public.trigger_listeners enable row level security;
alter table public.schedules enable row level security;
create policy "members see syncs" on public.trigger_syncs for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see listeners" on public.trigger_listeners for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see schedules" on public.schedules for select to authenticated using (org_id in (select private.my_orgs()));
revoke all on public.trigger_syncs, public.trigger_listeners, public.schedules from anon, authenticated;
grant select on public.trigger_syncs, public.trigger_listeners, public.schedules to authenticated;

/* Takes the triggers of the default branch's files at a commit. p_triggers: [{ path, trigger, type, name, secretRef }],
   p_schedules: [{ path, trigger, cron, timezone, catchUp, nextDue }]. A schedule that is as before keeps its next due time:
   reading a file again must not pass over a minute, nor make one due twice. */
create function private.sync_triggers(p_project uuid, p_commit text, p_triggers jsonb, p_schedules jsonb) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_org uuid;
begin
  -- One at a time, and after a push of a deleted project nothing.
  select org_id into v_org from public.projects where id = p_project for no key update;
  if v_org is null then return; end if;
  insert into public.trigger_syncs (project_id, org_id, commit, checked_at) values (p_project, v_org, p_commit, '-infinity')
    on conflict (project_id) do update set commit = excluded.commit, retry_at = null;
  delete from public.trigger_listeners where project_id = p_project;
  insert into public.trigger_listeners (project_id, org_id, workflow_path, trigger, type, name, secret_ref)
    select p_project, v_org, t ->> 'path', (t ->> 'trigger')::int, t ->> 'type', t ->> 'name', t ->> 'secretRef' from jsonb_array_elements(p_triggers) t;
  delete from public.schedules s where s.project_id = p_project and not exists (
    select 1 from jsonb_array_elements(p_schedules) n where n ->> 'path' = s.workflow_path and (n ->> 'trigger')::int = s.trigger);
  insert into public.schedules as s (project_id, org_id, workflow_path, trigger, cron, timezone, catch_up, next_due)
    select p_project, v_org, n ->> 'path', (n ->> 'trigger')::int, n ->> 'cron', n ->> 'timezone', n ->> 'catchUp', (n ->> 'nextDue')::timestamptz
    from jsonb_array_elements(p_schedules) n
    on conflict (project_id, workflow_path, trigger) do update set cron = excluded.cron, timezone = excluded.timezone, catch_up = excluded.catch_up,
      next_due = case when s.cron = excluded.cron and s.timezone = excluded.timezone then s.next_due else excluded.next_due end;
end $$;

/* A run has ended: workflows that wait for it hear of it. Most runs have nobody who waits, and cost one index look-up. */
create function private.announce_run_end() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
begin
  if not exists (select 1 from public.trigger_listeners l where l.project_id = new.project_id and l.type = 'workflow'
      and l.name in (new.workflow_path, regexp_replace(new.workflow_path, '^.*/', ''))) then return null; end if;
  perform private.record_delivery(new.project_id, 'workflow', new.workflow_path, new.id::text, jsonb_build_object(
    'event', 'workflow', 'workflow', new.workflow_path, 'status', new.status, 'branch', new.ref, 'commit', new.commit,
    'actor', jsonb_build_object('id', 'run:' || new.id, 'name', new.name, 'bot', true),
    'run', jsonb_build_object('id', new.id, 'number', new.number, 'name', new.name, 'trigger', new.trigger, 'inputs', new.inputs,
      'outputs', coalesce(new.outputs, '{}'), 'failure', new.failure)), new.depth + 1);
  return null;
end $$;
create trigger announce_run_end after update of status on public.runs for each row
  when (new.status in ('succeeded', 'failed', 'canceled') and old.status is distinct from new.status and new.kind = 'workflow' and not new.dry_run)
  execute function private.announce_run_end();

/* Pages that show the project's events follow them. */
create function private.announce_delivery() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform realtime.send(jsonb_build_object('deliveryId', new.id, 'status', new.status), 'delivery_changed', 'project:' || new.project_id, true);
  return null;
end $$;
create trigger announce_delivery after insert or update of status on public.deliveries for each row execute function private.announce_delivery();

/* Sends the payload of a past delivery again, as a new one. The same id is one intent. Returns the new delivery's id. */
create function public.redeliver(p_id uuid, p_delivery uuid) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_old public.deliveries;
  v_new uuid;
begin
  select * into v_old from public.deliveries where id = p_delivery;
  if v_old.id is null then raise exception 'Delivery % not found', p_delivery using errcode = 'P0002'; end if;
  perform private.require_project_writer(v_old.project_id);
  if exists (select 1 from public.deliveries where project_id = v_old.project_id and source = v_old.source and key = 'again:' || p_id) then
    return (select id from public.deliveries where project_id = v_old.project_id and source = v_old.source and key = 'again:' || p_id);
  end if;
  v_new := private.record_delivery(v_old.project_id, v_old.source, v_old.event, 'again:' || p_id, v_old.payload, v_old.depth, v_old.id);
  perform private.audit(v_old.org_id, jsonb_build_object('actor', coalesce('user:' || auth.uid(), 'system'), 'action', 'delivery.redeliver', 'decision', 'allow',
    'rule', 'role.member', 'projectId', v_old.project_id, 'subject', jsonb_build_object('delivery', v_new, 'of', v_old.id, 'event', v_old.event)));
  return v_new;
end $$;

revoke all on function private.sync_triggers(uuid, text, jsonb, jsonb), private.announce_run_end(), private.announce_delivery() from public, anon, authenticated;
grant execute on function private.sync_triggers(uuid, text, jsonb, jsonb) to service_role;
revoke all on function public.redeliver(uuid, uuid) from public, anon;
grant execute on function public.redeliver(uuid, uuid) to authenticated, service_role;

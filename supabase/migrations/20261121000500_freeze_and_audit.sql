-- Freezes, which refuse every effect of a project or organisation until they are lifted; the audit log's missing entries; approvals
-- that say what they take the place of, and that nobody at the origin of a run decides.

/* Who acts, as the audit log names them: the caller; else whoever the server says that it acts for, as a forge's write does
   (private.act_as) and an API call that goes on as the server (`for`, functions/context.ts). */
create function private.actor() returns text
  language plpgsql stable security definer set search_path = ''
  as $$
declare v_actor jsonb := nullif(current_setting('coder.actor', true), '')::jsonb;
begin
  if auth.uid() is not null then return 'user:' || auth.uid(); end if;
  if v_actor ->> 'id' is not null then return case when (v_actor ->> 'bot')::boolean then 'run:' else 'user:' end || (v_actor ->> 'id'); end if;
  return coalesce('user:' || (auth.jwt() ->> 'for'), 'system');
end $$;

-- Freezes ------------------------------------------------------------------------------------------------------------------------

create table public.freezes (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  /* Null freezes every project of the organisation. */
  project_id uuid references public.projects (id) on delete cascade,
  reason text not null check (length(reason) between 1 and 500),
  frozen_by uuid references public.profiles (id) on delete set null,
  frozen_at timestamptz not null default now(),
  lifted_by uuid references public.profiles (id) on delete set null,
  lifted_at timestamptz
);
create unique index freezes_one_open on public.freezes (org_id, coalesce(project_id, org_id)) where lifted_at is null;
alter table public.freezes enable row level security;
create policy "members see freezes" on public.freezes for select to authenticated using (org_id in (select private.my_orgs()));
revoke all on public.freezes from anon, authenticated;
grant select on public.freezes to authenticated;

/* The freeze that holds a project (its own before its organisation's), or null. */
create function private.freeze_of(p_org uuid, p_project uuid) returns public.freezes
  language sql stable security definer set search_path = ''
  as $$
    select f from public.freezes f where f.org_id = p_org and f.lifted_at is null and (f.project_id is null or f.project_id = p_project)
    order by f.project_id nulls last limit 1
  $$;

/* Ends the statement when the project is frozen: SQLSTATE 42501 with the constraint name "freeze".
   Whoever passes keeps a lock to the end of their transaction that a new freeze waits for: once a freeze has been set, nothing that
   was let through before it is still to come. */
create function private.refuse_if_frozen(p_org uuid, p_project uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_freeze public.freezes;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('freeze:' || p_org, 0));
  v_freeze := private.freeze_of(p_org, p_project);
  if v_freeze.id is null then return; end if;
  raise exception '%', private.freeze_text(v_freeze) using errcode = '42501', constraint = 'freeze';
end $$;

create function private.freeze_text(p_freeze public.freezes) returns text
  language sql stable security definer set search_path = ''
  as $$
    select case when p_freeze.project_id is null then 'This organisation' else 'This project' end || ' is frozen'
      || coalesce(' by ' || (select name from public.profiles where id = p_freeze.frozen_by), '') || ' since '
      || to_char(p_freeze.frozen_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC: ' || p_freeze.reason
      || '. Nothing is deployed, merged or changed until an admin lifts it.'
  $$;

/* For the forge and the worker: what to say to somebody who wants to change a frozen project, or null. */
create function private.freeze_message(p_project uuid) returns text
  language sql stable security definer set search_path = ''
  as $$
    select private.freeze_text(f) from public.projects p, private.freeze_of(p.org_id, p.id) f where p.id = p_project and f.id is not null
  $$;

/* Trigger of every table whose rows are effects. A row of an organisation or project that is being deleted is let go. */
create function private.refuse_when_frozen() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_row jsonb := case when tg_op = 'DELETE' then to_jsonb(old) else to_jsonb(new) end;
  v_org uuid := (v_row ->> 'org_id')::uuid;
  v_project uuid := case when tg_table_name = 'projects' then (v_row ->> 'id')::uuid else (v_row ->> 'project_id')::uuid end;
begin
  if exists (select 1 from public.orgs where id = v_org)
     and (v_project is null or tg_table_name = 'projects' or exists (select 1 from public.projects where id = v_project)) then
    perform private.refuse_if_frozen(v_org, v_project);
  end if;
  if tg_op = 'DELETE' then return old; end if;
  return new;
end $$;

create trigger refuse_when_frozen before insert or delete on public.projects for each row execute function private.refuse_when_frozen();
create trigger refuse_protection_when_frozen before update of protect_default_branch, default_branch on public.projects
  for each row when (old.protect_default_branch is distinct from new.protect_default_branch) execute function private.refuse_when_frozen();
create trigger refuse_when_frozen before insert on public.deployments for each row execute function private.refuse_when_frozen();
create trigger refuse_when_frozen before insert or update of current_deployment_id, revoked_at on public.sites
  for each row execute function private.refuse_when_frozen();
-- Another key for the same value is no new version, and goes on.
create trigger refuse_when_frozen before insert or delete or update of version on public.secrets for each row execute function private.refuse_when_frozen();
-- The head of an open change follows its branch, which the forge keeps still.
create trigger refuse_when_frozen before insert or update of status on public.changes for each row execute function private.refuse_when_frozen();

/* For a caller whose effect is outside of this database (a merge in the repository): refuses now, and lets no freeze in until the
   transaction ends. */
create function public.require_not_frozen(p_project uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform private.refuse_if_frozen(private.require_project_writer(p_project), p_project);
end $$;

/* Refuses with "not found" to a stranger and "forbidden" below an admin. */
create function private.require_org_admin(p_org uuid) returns void
  language plpgsql stable security definer set search_path = ''
  as $$
declare v_role public.member_role;
begin
  select role into v_role from public.members where org_id = p_org and user_id = auth.uid();
  if v_role is null or not private.token_allows_org(p_org) then raise exception 'Organisation not found' using errcode = 'P0002'; end if;
  if not private.token_may_write() then raise exception 'This access token may only read' using errcode = '42501'; end if;
  if v_role not in ('owner', 'admin') then raise exception 'Only an owner or admin does this; your role is %', v_role using errcode = '42501'; end if;
end $$;

/* Freezes a project, or with null the whole organisation. Waits for effects that are under way. Freezing twice is one freeze. */
create function public.freeze(p_org uuid, p_project uuid, p_reason text) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
declare v_id uuid;
begin
  perform private.require_org_admin(p_org);
  if p_project is not null and not exists (select 1 from public.projects where id = p_project and org_id = p_org) then
    raise exception 'Project % not found', p_project using errcode = 'P0002';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('freeze:' || p_org, 0));
  select id into v_id from public.freezes where org_id = p_org and project_id is not distinct from p_project and lifted_at is null;
  if v_id is not null then return v_id; end if;
  insert into public.freezes (org_id, project_id, reason, frozen_by) values (p_org, p_project, trim(p_reason), auth.uid()) returning id into v_id;
  perform private.audit(p_org, jsonb_build_object('actor', private.actor(), 'action', 'freeze.set', 'decision', 'allow', 'rule', 'role:admin',
    'projectId', p_project, 'subject', jsonb_build_object('freeze', v_id, 'reason', trim(p_reason))));
  perform realtime.send(jsonb_build_object('freezeId', v_id, 'projectId', p_project), 'freeze_changed', 'org:' || p_org, true);
  return v_id;
end $$;

/* Lifts a freeze; lifting twice changes nothing. */
create function public.lift_freeze(p_freeze uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_freeze public.freezes;
begin
  select * into v_freeze from public.freezes where id = p_freeze for update;
  if v_freeze.id is null or not exists (select 1 from public.members where org_id = v_freeze.org_id and user_id = auth.uid()) then
    raise exception 'Freeze % not found', p_freeze using errcode = 'P0002';
  end if;
  perform private.require_org_admin(v_freeze.org_id);
  if v_freeze.lifted_at is not null then return; end if;
  update public.freezes set lifted_at = now(), lifted_by = auth.uid() where id = p_freeze;
  perform private.audit(v_freeze.org_id, jsonb_build_object('actor', private.actor(), 'action', 'freeze.lift', 'decision', 'allow',
    'rule', 'role:admin', 'projectId', v_freeze.project_id, 'subject', jsonb_build_object('freeze', p_freeze)));
  perform realtime.send(jsonb_build_object('freezeId', p_freeze, 'projectId', v_freeze.project_id), 'freeze_changed', 'org:' || v_freeze.org_id, true);
end $$;

-- Audit --------------------------------------------------------------------------------------------------------------------------

/* What is written stays: an entry goes only with its whole organisation. Also for the schema's owner, whom no revoke binds. */
create function private.keep_audit_log() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
begin
  if tg_op = 'DELETE' and not exists (select 1 from public.orgs where id = old.org_id) then return old; end if;
  raise exception 'The audit log is only ever added to' using errcode = '42501';
end $$;
create trigger keep_audit_log before update or delete on public.audit_log for each row execute function private.keep_audit_log();
create trigger keep_audit_log_whole before truncate on public.audit_log for each statement execute function private.keep_audit_log();
create index audit_log_action on public.audit_log (org_id, action, seq desc);
create index audit_log_actor on public.audit_log (org_id, actor, seq desc);

/* Every decision of a run is an event first and from there an entry, in the same transaction. */
create function private.audit_run_event() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_type text := new.event ->> 'type';
  v_entry jsonb := jsonb_build_object('runId', new.run_id, 'stepId', new.event -> 'stepId',
    'projectId', (select project_id from public.runs where id = new.run_id));
begin
  v_entry := v_entry || case v_type
    when 'policy.allowed' then jsonb_build_object('actor', 'run:' || new.run_id, 'action', new.event -> 'action', 'decision', 'allow', 'rule', new.event -> 'rule',
      'subject', jsonb_build_object('contentHash', new.event -> 'contentHash', 'approval', new.event -> 'approvalId'))
    when 'policy.denied' then jsonb_build_object('actor', 'run:' || new.run_id, 'action', coalesce(new.event ->> 'action', 'policy'), 'decision', 'deny',
      'rule', new.event -> 'rule', 'subject', jsonb_build_object('message', left(new.event ->> 'message', 1000)))
    when 'step.waiting' then jsonb_build_object('actor', 'run:' || new.run_id, 'action', coalesce(new.event ->> 'action', 'approve'), 'decision', 'ask',
      'rule', coalesce(new.event ->> 'rule', 'steps.approve'),
      'subject', jsonb_build_object('approval', new.event -> 'approvalId', 'contentHash', new.event -> 'contentHash', 'replaces', new.event -> 'replaces'))
    when 'approval.decided' then jsonb_build_object('actor', coalesce('user:' || (new.event ->> 'decidedBy'), 'system'), 'action', 'approval.' || (new.event ->> 'decision'),
      'decision', case new.event ->> 'decision' when 'approved' then 'allow' else 'deny' end, 'rule', 'gates.approvers',
      'subject', jsonb_build_object('approval', new.event -> 'approvalId', 'comment', left(new.event ->> 'comment', 1000)))
    when 'cancel.requested' then jsonb_build_object('actor', coalesce('user:' || (new.event ->> 'by'), 'system'), 'action', 'run.cancel', 'decision', 'allow', 'rule', 'role:member')
  end;
  perform private.audit(new.org_id, v_entry);
  return null;
end $$;
create trigger audit_run_event after insert on public.run_events for each row
  when (new.event ->> 'type' in ('policy.allowed', 'policy.denied', 'step.waiting', 'approval.decided', 'cancel.requested'))
  execute function private.audit_run_event();
-- The what-if reads the decisions of runs whose logs may be long.
create index run_events_decisions on public.run_events (run_id, seq) where event ->> 'type' in ('policy.allowed', 'policy.denied', 'step.waiting');

/* Acts of administration, whichever way they were done. */
create function private.audit_act() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_new jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  v_old jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  v_row jsonb := coalesce(v_new, v_old);
  v_org uuid := (v_row ->> 'org_id')::uuid;
  v_act jsonb;
  v_actor text;
begin
  -- What goes with its organisation has no log to be written into.
  if not exists (select 1 from public.orgs where id = v_org) then return null; end if;
  v_act := case tg_table_name
    when 'members' then jsonb_build_object('action', case tg_op when 'INSERT' then 'member.add' when 'UPDATE' then 'member.role' else 'member.remove' end, 'rule', 'role:admin',
      'subject', jsonb_build_object('user', v_row -> 'user_id', 'role', v_new -> 'role', 'before', v_old -> 'role'))
    when 'git_tokens' then jsonb_build_object('action', case tg_op when 'INSERT' then 'token.make' else 'token.revoke' end, 'rule', 'role:member',
      'projectId', v_row -> 'project_id', 'subject', jsonb_build_object('token', v_row -> 'id', 'name', v_row -> 'name', 'scope', v_row -> 'scope'))
    when 'projects' then jsonb_build_object('action', case tg_op when 'DELETE' then 'project.delete' else 'project.protection' end, 'rule', 'role:admin',
      'projectId', v_row -> 'id', 'subject', jsonb_build_object('slug', v_row -> 'slug', 'protected', v_new -> 'protect_default_branch'))
    when 'changes' then jsonb_build_object('action', 'change.' || (v_row ->> 'status'), 'rule', 'role:member', 'projectId', v_row -> 'project_id',
      'subject', jsonb_build_object('number', v_row -> 'number', 'head', v_row -> 'head_commit', 'merged', v_row -> 'merged_commit'))
    when 'sites' then jsonb_build_object('action', case
        when v_new ->> 'revoked_at' is not null then 'site.revoke'
        when (select d.created_at from public.deployments d where d.id = (v_new ->> 'current_deployment_id')::uuid)
          < (select d.created_at from public.deployments d where d.id = (v_old ->> 'current_deployment_id')::uuid) then 'site.rollback'
        else 'site.publish' end, 'rule', 'role:member', 'projectId', v_row -> 'project_id',
      'subject', jsonb_build_object('site', v_row -> 'id', 'slug', v_row -> 'slug', 'kind', v_row -> 'kind', 'deployment', v_row -> 'current_deployment_id', 'before', v_old -> 'current_deployment_id'))
  end;
  v_actor := private.actor();
  if tg_table_name = 'sites' and v_actor = 'system' then
    select coalesce('run:' || d.run_id, v_actor) into v_actor from public.deployments d where d.id = (v_new ->> 'current_deployment_id')::uuid;
  end if;
  perform private.audit(v_org, v_act || jsonb_build_object('actor', coalesce(v_actor, 'system'), 'decision', 'allow'));
  return null;
end $$;
create trigger audit_act after insert or delete on public.members for each row execute function private.audit_act();
create trigger audit_role after update of role on public.members for each row when (old.role <> new.role) execute function private.audit_act();
create trigger audit_act after insert on public.git_tokens for each row execute function private.audit_act();
create trigger audit_revoked after update of revoked_at on public.git_tokens for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function private.audit_act();
create trigger audit_act after delete on public.projects for each row execute function private.audit_act();
create trigger audit_protection after update of protect_default_branch on public.projects for each row
  when (old.protect_default_branch <> new.protect_default_branch) execute function private.audit_act();
create trigger audit_act after update of status on public.changes for each row when (old.status <> new.status) execute function private.audit_act();
create trigger audit_act after update of current_deployment_id, revoked_at on public.sites for each row
  when ((new.current_deployment_id is not null and old.current_deployment_id is distinct from new.current_deployment_id)
    or (old.revoked_at is null and new.revoked_at is not null))
  execute function private.audit_act();

-- Approvals ----------------------------------------------------------------------------------------------------------------------

alter table public.approvals
  /* The clause of the file that asks; null for an approve step. */
  add column rule text,
  /* The approval that this one takes the place of, and what that one was for. */
  add column replaces uuid references public.approvals (id) on delete set null,
  add column subject_before jsonb;
create index approvals_project on public.approvals (project_id, requested_at desc);

/* The person at the origin of a run: who started it; else whose act its trigger saw (through workflows that started one another, a
   delivery that was sent again, and re-runs); null where nobody is, as with a schedule. */
create function private.run_origin(p_run uuid) returns uuid
  language plpgsql stable security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_delivery public.deliveries;
  v_next uuid := p_run;
  v_user uuid;
begin
  -- Chains have a depth limit of their own; this one only has to end.
  for i in 1 .. 100 loop
    select * into v_run from public.runs where id = v_next;
    if v_run.id is null then return null; end if;
    if v_run.created_by is not null then return v_run.created_by; end if;
    v_next := v_run.rerun_of;
    if v_run.delivery_id is not null then
      select * into v_delivery from public.deliveries where id = v_run.delivery_id;
      select id into v_user from public.profiles where id::text = v_delivery.payload #>> '{actor,id}';
      if v_user is not null then return v_user; end if;
      -- Another run's end, or what another run did to the repository.
      select id into v_next from public.runs where project_id = v_run.project_id
        and id::text in (v_delivery.payload ->> 'runId', v_delivery.payload #>> '{run,id}', v_delivery.payload #>> '{actor,id}');
    end if;
    if v_next is null then return null; end if;
  end loop;
  return null;
end $$;

/* Decides an approval. The caller names the content hash that was shown; another hash is refused. */
create or replace function public.decide_approval(p_approval uuid, p_decision text, p_content_hash text, p_comment text default null) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_approval public.approvals;
  v_role public.member_role;
begin
  if p_decision not in ('approved', 'rejected') then raise exception 'A decision is approved or rejected, not %', p_decision using errcode = '22023'; end if;
  select * into v_approval from public.approvals where id = p_approval;
  if v_approval.id is null then raise exception 'Approval % not found', p_approval using errcode = 'P0002'; end if;
  -- The run's row first, as every writer of events does, or two transactions could wait for each other.
  perform private.require_run_writer(v_approval.run_id);
  select * into v_approval from public.approvals where id = p_approval for update;
  if v_approval.status = p_decision and v_approval.decided_by = auth.uid() then return; end if;
  if v_approval.status = 'void' then
    raise exception 'What would happen has changed, so this approval is void: reload and decide on the new one' using errcode = '23505';
  end if;
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
  -- Rejecting one's own is stopping it, which everybody may who can cancel.
  if p_decision = 'approved' and not v_approval.self_approval and private.run_origin(v_approval.run_id) = auth.uid() then
    raise exception 'Who started the run, by hand or by what triggered it, cannot approve it' using errcode = '42501';
  end if;
  update public.approvals set status = p_decision, decided_by = auth.uid(), decided_at = now(), comment = p_comment where id = p_approval;
  perform private.append_run_events(v_approval.run_id, jsonb_build_array(jsonb_build_object('key', 'approval.decided:' || p_approval, 'event',
    jsonb_build_object('type', 'approval.decided', 'approvalId', p_approval, 'stepId', v_approval.step_id, 'decision', p_decision,
      'decidedBy', auth.uid(), 'comment', p_comment))));
  perform dbos.send_message(destination_id => v_approval.run_id::text,
    message => json_build_object('type', 'approval', 'approvalId', p_approval, 'stepId', v_approval.step_id, 'decision', p_decision),
    topic => 'ev', message_id => 'approval:' || p_approval);
end $$;

revoke all on function private.actor(), private.freeze_of(uuid, uuid), private.refuse_if_frozen(uuid, uuid), private.freeze_text(public.freezes),
  private.freeze_message(uuid), private.refuse_when_frozen(), private.require_org_admin(uuid), private.keep_audit_log(), private.audit_run_event(),
  private.audit_act(), private.run_origin(uuid) from public, anon, authenticated;
grant execute on function private.freeze_message(uuid) to service_role;
revoke all on function public.require_not_frozen(uuid), public.freeze(uuid, uuid, text), public.lift_freeze(uuid) from public, anon;
grant execute on function public.require_not_frozen(uuid) to authenticated, service_role;
grant execute on function public.freeze(uuid, uuid, text), public.lift_freeze(uuid) to authenticated;

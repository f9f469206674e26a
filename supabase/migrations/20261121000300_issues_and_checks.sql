-- What people and programs say about a repository: issues, labels, comments, checks. The events of all of it are in the next file.

/* Up to 20 labels of 1 to 50 characters each, no two alike whatever their case. A comma would split them in a filter. */
create function private.valid_labels(p_labels text[]) returns boolean
  language sql immutable set search_path = ''
  as $$
  select cardinality(p_labels) <= 20
    and not exists (select 1 from unnest(p_labels) l where l is null or length(l) > 50 or l !~ '^[^\s,[:cntrl:]]([^,[:cntrl:]]*[^\s,[:cntrl:]])?$')
    and cardinality(p_labels) = (select count(distinct lower(l)) from unnest(p_labels) l)
$$;

/* Up to 50 names of 1 to 200 characters. */
create function private.valid_check_names(p_names text[]) returns boolean
  language sql immutable set search_path = ''
  as $$
  select cardinality(p_names) <= 50
    and not exists (select 1 from unnest(p_names) n where n is null or length(n) not between 1 and 200 or n ~ '[[:cntrl:]]')
    and cardinality(p_names) = (select count(distinct n) from unnest(p_names) n)
$$;

alter table public.changes
  add column labels text[] not null default '{}' check (private.valid_labels(labels)),
  /* Shown before it is finished: it cannot be merged. */
  add column draft boolean not null default false,
  /* Who should look at it, as the workflow's file names them; shown, not enforced. */
  add column reviewers text[] not null default '{}';
alter table public.projects
  /* Names of the checks that must have passed on a change's head before it is merged into the default branch. */
  add column required_checks text[] not null default '{}' check (private.valid_check_names(required_checks)),
  /* How many moves of branches were recorded; null until the branches were looked at for the first time. */
  add column ref_moves bigint;

/* Issues are numbered together with changes (projects.last_change_number): #12 is one thing. */
create table public.issues (
  id uuid primary key,
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  number int not null,
  title text not null check (length(title) between 1 and 200),
  body text not null default '' check (length(body) <= 50000),
  state text not null default 'open' check (state in ('open', 'closed')),
  labels text[] not null default '{}' check (private.valid_labels(labels)),
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  closed_at timestamptz,
  unique (project_id, number)
);
create index issues_project_state on public.issues (project_id, state, number desc);

/* Said on a change or on an issue. */
create table public.comments (
  id uuid primary key,
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  change_id uuid references public.changes (id) on delete cascade,
  issue_id uuid references public.issues (id) on delete cascade,
  body text not null check (length(body) between 1 and 20000),
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default clock_timestamp(),
  check (num_nonnulls(change_id, issue_id) = 1)
);
create index comments_change on public.comments (change_id, created_at) where change_id is not null;
create index comments_issue on public.comments (issue_id, created_at) where issue_id is not null;

/* What a program found of one commit, by name. The newest word counts. */
create table public.checks (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  commit text not null check (commit ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
  name text not null check (length(name) between 1 and 200),
  status text not null check (status in ('queued', 'running', 'passed', 'failed', 'skipped')),
  url text check (url ~ '^https?://' and length(url) <= 2000),
  run_id uuid references public.runs (id) on delete set null,
  /* "coder" for a step of a run, else the name of the program that reported it. */
  source text not null check (length(source) between 1 and 80),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, commit, name)
);
create index checks_run on public.checks (run_id) where run_id is not null;

/* Where each branch was when its last move was recorded. The difference with the repository is what happened since. */
create table public.refs (
  project_id uuid not null references public.projects (id) on delete cascade,
  name text not null,
  org_id uuid not null references public.orgs (id) on delete cascade,
  commit text not null,
  updated_at timestamptz not null default now(),
  primary key (project_id, name)
);

alter table public.issues enable row level security;
alter table public.comments enable row level security;
alter table public.checks enable row level security;
alter table public.refs enable row level security;
create policy "members see issues" on public.issues for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see comments" on public.comments for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see checks" on public.checks for select to authenticated using (org_id in (select private.my_orgs()));
create policy "members see refs" on public.refs for select to authenticated using (org_id in (select private.my_orgs()));
revoke all on public.issues, public.comments, public.checks, public.refs from anon, authenticated;
grant select on public.issues, public.comments, public.checks, public.refs to authenticated;

/* The next number of a change or issue; holds the project's row until the transaction ends. */
create function private.next_number(p_project uuid) returns int
  language sql security definer set search_path = ''
  as $$ update public.projects set last_change_number = last_change_number + 1, updated_at = now() where id = p_project returning last_change_number $$;

drop function public.open_change(uuid, text, text, text, text, text, uuid);
/* Opens a change, or updates the open one of the same branch. Returns its number.
   p_options: { draft?, labels?, reviewers? }; what is left out stays as it is. */
create function public.open_change(p_project uuid, p_title text, p_body text, p_base text, p_head text, p_head_commit text, p_run uuid default null, p_options jsonb default '{}')
  returns int
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_number int;
  v_labels text[] := case when p_options ? 'labels' then array(select jsonb_array_elements_text(p_options -> 'labels')) end;
  v_reviewers text[] := case when p_options ? 'reviewers' then array(select jsonb_array_elements_text(p_options -> 'reviewers')) end;
begin
  perform private.require_api();
  if p_run is not null and not exists (select 1 from public.runs where id = p_run and project_id = p_project) then
    raise exception 'Run % is not one of this project', p_run using errcode = 'P0002';
  end if;
  update public.changes set title = p_title, body = p_body, head_commit = p_head_commit, run_id = coalesce(p_run, run_id), updated_at = now(),
      draft = coalesce((p_options ->> 'draft')::boolean, draft), labels = coalesce(v_labels, labels), reviewers = coalesce(v_reviewers, reviewers)
    where project_id = p_project and head_branch = p_head and status = 'open' returning number into v_number;
  if v_number is not null then return v_number; end if;
  v_number := private.next_number(p_project);
  insert into public.changes (org_id, project_id, number, title, body, base_branch, head_branch, head_commit, run_id, created_by, draft, labels, reviewers)
    values (v_org, p_project, v_number, p_title, p_body, p_base, p_head, p_head_commit, p_run, auth.uid(),
      coalesce((p_options ->> 'draft')::boolean, false), coalesce(v_labels, '{}'), coalesce(v_reviewers, '{}'));
  return v_number;
end $$;

/* Changes what a change says of itself; null leaves a part as it is. Only an open one can become a draft or stop being one. */
create function public.edit_change(p_project uuid, p_number int, p_title text default null, p_body text default null, p_draft boolean default null) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_status text;
begin
  perform private.require_project_writer(p_project);
  select status into v_status from public.changes where project_id = p_project and number = p_number for update;
  if v_status is null then raise exception 'There is no change % in this project', p_number using errcode = 'P0002'; end if;
  if p_draft is not null and v_status <> 'open' then raise exception 'Change % is %', p_number, v_status using errcode = '23505'; end if;
  update public.changes set title = coalesce(p_title, title), body = coalesce(p_body, body), draft = coalesce(p_draft, draft), updated_at = now()
    where project_id = p_project and number = p_number;
end $$;

/* Opens an issue; the second call of one intent answers the same number. */
create function public.open_issue(p_id uuid, p_project uuid, p_title text, p_body text default '', p_labels text[] default '{}') returns int
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_number int;
  v_existing public.issues;
begin
  v_number := private.next_number(p_project);
  select * into v_existing from public.issues where id = p_id;
  if v_existing.id is not null then
    update public.projects set last_change_number = last_change_number - 1 where id = p_project;
    if v_existing.project_id <> p_project then raise exception 'Issue id % is taken', p_id using errcode = '23505'; end if;
    return v_existing.number;
  end if;
  insert into public.issues (id, org_id, project_id, number, title, body, labels, created_by)
    values (p_id, v_org, p_project, v_number, p_title, p_body, p_labels, auth.uid());
  return v_number;
end $$;

create function public.edit_issue(p_project uuid, p_number int, p_title text default null, p_body text default null) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform private.require_project_writer(p_project);
  update public.issues set title = coalesce(p_title, title), body = coalesce(p_body, body), updated_at = now()
    where project_id = p_project and number = p_number;
  if not found then raise exception 'There is no issue % in this project', p_number using errcode = 'P0002'; end if;
end $$;

/* Closes or reopens an issue; saying what is so already changes nothing. */
create function public.set_issue_state(p_project uuid, p_number int, p_state text) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform private.require_project_writer(p_project);
  if not exists (select 1 from public.issues where project_id = p_project and number = p_number) then
    raise exception 'There is no issue % in this project', p_number using errcode = 'P0002';
  end if;
  update public.issues set state = p_state, closed_at = case p_state when 'closed' then now() end, updated_at = now()
    where project_id = p_project and number = p_number and state <> p_state;
end $$;

/* Gives a change or an issue exactly these labels. */
create function public.set_labels(p_project uuid, p_number int, p_labels text[]) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform private.require_project_writer(p_project);
  if not private.valid_labels(p_labels) then
    raise exception 'Up to 20 different labels, each of 1 to 50 characters without a comma' using errcode = '22023';
  end if;
  update public.issues set labels = p_labels, updated_at = now() where project_id = p_project and number = p_number and labels <> p_labels;
  update public.changes set labels = p_labels, updated_at = now() where project_id = p_project and number = p_number and labels <> p_labels;
  if not exists (select 1 from public.issues where project_id = p_project and number = p_number
      union all select 1 from public.changes where project_id = p_project and number = p_number) then
    raise exception 'There is no change or issue % in this project', p_number using errcode = 'P0002';
  end if;
end $$;

/* Says something on a change or an issue; the same id again is the same comment. */
create function public.add_comment(p_id uuid, p_project uuid, p_number int, p_body text) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_change uuid;
  v_issue uuid;
begin
  select id into v_change from public.changes where project_id = p_project and number = p_number;
  select id into v_issue from public.issues where project_id = p_project and number = p_number;
  if v_change is null and v_issue is null then
    raise exception 'There is no change or issue % in this project', p_number using errcode = 'P0002';
  end if;
  insert into public.comments (id, org_id, project_id, change_id, issue_id, body, created_by)
    values (p_id, v_org, p_project, v_change, v_issue, p_body, auth.uid()) on conflict (id) do nothing;
  if not found then
    if not exists (select 1 from public.comments where id = p_id and project_id = p_project) then
      raise exception 'Comment id % is taken', p_id using errcode = '23505';
    end if;
    return;
  end if;
  update public.changes set updated_at = now() where id = v_change;
  update public.issues set updated_at = now() where id = v_issue;
end $$;

/* Which checks must pass before a change is merged into the default branch. For admins; it is written down. */
create function public.set_required_checks(p_project uuid, p_checks text[]) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_before text[];
begin
  if auth.uid() is not null and not exists (
      select 1 from public.members where org_id = v_org and user_id = auth.uid() and role in ('owner', 'admin')) then
    raise exception 'Only an owner or admin says which checks are required' using errcode = '42501';
  end if;
  if not private.valid_check_names(p_checks) then
    raise exception 'Up to 50 different names of checks, each of 1 to 200 characters' using errcode = '22023';
  end if;
  select required_checks into v_before from public.projects where id = p_project for update;
  if v_before = p_checks then return; end if;
  update public.projects set required_checks = p_checks, updated_at = now() where id = p_project;
  perform private.audit(v_org, jsonb_build_object('actor', coalesce('user:' || auth.uid(), 'system'), 'action', 'project.required_checks', 'decision', 'allow',
    'rule', 'role:admin', 'projectId', p_project, 'subject', jsonb_build_object('before', to_jsonb(v_before), 'after', to_jsonb(p_checks))));
end $$;

/* The project's required checks that have not passed on exactly this commit. */
create function private.missing_checks(p_project uuid, p_commit text) returns text[]
  language sql stable security definer set search_path = ''
  as $$
  select array(select r.name from public.projects p, unnest(p.required_checks) with ordinality r (name, n)
    where p.id = p_project
      and not exists (select 1 from public.checks c where c.project_id = p_project and c.commit = p_commit and c.name = r.name and c.status = 'passed')
    order by r.n)
$$;

/* What a program outside says of a commit. The caller has been authorised and the commit exists: the forge asks both.
   A check of Coder's own runs is nobody else's to report. Returns its id. */
create function private.report_check(p_project uuid, p_commit text, p_name text, p_status text, p_url text, p_source text) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
declare v_id uuid;
begin
  if lower(p_source) = 'coder' then raise exception 'The source coder is for the steps of runs' using errcode = '22023'; end if;
  insert into public.checks as c (org_id, project_id, commit, name, status, url, source)
    select p.org_id, p.id, p_commit, p_name, p_status, p_url, p_source from public.projects p where p.id = p_project
    on conflict (project_id, commit, name) do update set status = excluded.status, url = excluded.url, source = excluded.source, updated_at = now()
      where c.source <> 'coder'
    returning id into v_id;
  if v_id is null then
    raise exception 'The check % of this commit is reported by Coder''s own runs; report yours under another name', p_name using errcode = '23505';
  end if;
  return v_id;
end $$;

/* The command steps of a run are checks of its commit. A dry run proves nothing, and what was skipped or stopped takes no verdict back. */
create function private.check_of_step() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_step public.step_runs;
  v_status text;
begin
  select * into v_run from public.runs where id = new.run_id;
  if v_run.kind <> 'workflow' or v_run.dry_run or v_run.commit !~ '^[0-9a-f]{40}([0-9a-f]{24})?$' then return null; end if;
  if new.event ->> 'type' = 'run.finished' then
    update public.checks set status = 'skipped', updated_at = now() where run_id = v_run.id and status in ('queued', 'running');
    return null;
  end if;
  select * into v_step from public.step_runs where run_id = new.run_id and step_id = new.event ->> 'stepId';
  if v_step.type is distinct from 'command' then return null; end if;
  v_status := case when new.event ->> 'type' = 'step.started' then 'running'
    else case new.event ->> 'status' when 'succeeded' then 'passed' when 'failed' then 'failed' else 'skipped' end end;
  insert into public.checks as c (org_id, project_id, commit, name, status, run_id, source)
    values (v_run.org_id, v_run.project_id, v_run.commit, left(v_step.name, 200), v_status, v_run.id, 'coder')
    on conflict (project_id, commit, name) do update set status = excluded.status, run_id = excluded.run_id, url = null, source = 'coder', updated_at = now()
      where excluded.status <> 'skipped' or c.status not in ('passed', 'failed');
  return null;
end $$;
create trigger run_events_checks after insert on public.run_events for each row
  when (new.event ->> 'type' in ('step.started', 'step.finished', 'run.finished')) execute function private.check_of_step();

revoke all on function private.valid_labels(text[]), private.valid_check_names(text[]), private.next_number(uuid), private.missing_checks(uuid, text),
  private.report_check(uuid, text, text, text, text, text), private.check_of_step() from public, anon, authenticated;
-- Constraints are checked as whoever writes the row.
grant execute on function private.valid_labels(text[]), private.valid_check_names(text[]) to authenticated, service_role;
grant execute on function private.missing_checks(uuid, text), private.report_check(uuid, text, text, text, text, text) to service_role;
revoke all on function public.open_change(uuid, text, text, text, text, text, uuid, jsonb), public.edit_change(uuid, int, text, text, boolean),
  public.open_issue(uuid, uuid, text, text, text[]), public.edit_issue(uuid, int, text, text), public.set_issue_state(uuid, int, text),
  public.set_labels(uuid, int, text[]), public.add_comment(uuid, uuid, int, text), public.set_required_checks(uuid, text[]) from public, anon;
grant execute on function public.open_change(uuid, text, text, text, text, text, uuid, jsonb), public.edit_change(uuid, int, text, text, boolean),
  public.open_issue(uuid, uuid, text, text, text[]), public.edit_issue(uuid, int, text, text), public.set_issue_state(uuid, int, text),
  public.set_labels(uuid, int, text[]), public.add_comment(uuid, uuid, int, text), public.set_required_checks(uuid, text[]) to authenticated, service_role;

-- Projects (each a bare repository in the forge), access tokens for git, changes, sites and their deployments.

create table public.projects (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  slug text not null check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 80),
  /* Where it came from: a template's name, "upload", "git" or "push". */
  source text not null,
  default_branch text not null default 'main',
  /* Refuses a git push to the default branch once it exists: work comes in through changes. */
  protect_default_branch boolean not null default true,
  last_run_number int not null default 0,
  last_change_number int not null default 0,
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, slug)
);

create table public.git_tokens (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  name text not null check (length(name) between 1 and 80),
  scope text not null check (scope in ('read', 'write')),
  /* sha-256 of the token; the token itself is shown once and kept nowhere. */
  token_hash bytea not null unique,
  created_by uuid references public.profiles (id) on delete cascade,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index git_tokens_project_id on public.git_tokens (project_id);

create table public.changes (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  number int not null,
  title text not null check (length(title) between 1 and 200),
  body text not null default '',
  status text not null default 'open' check (status in ('open', 'merged', 'closed')),
  base_branch text not null,
  head_branch text not null,
  /* The head as last seen; merge asks for the head that was reviewed. */
  head_commit text not null,
  merged_commit text,
  run_id uuid,
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (project_id, number)
);
create unique index changes_one_open_per_branch on public.changes (project_id, head_branch) where status = 'open';

create table public.sites (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  /* The host's first label: http://<slug>.localhost:<port> */
  slug text not null unique check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$'),
  kind text not null check (kind in ('share', 'preview', 'prod')),
  /* What the site is of: the branch of a preview; empty for share and prod. */
  name text not null default '',
  current_deployment_id uuid,
  revoked_at timestamptz,
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now()
);
create unique index sites_one_live on public.sites (project_id, kind, name) where revoked_at is null;

create table public.deployments (
  id uuid primary key,
  org_id uuid not null references public.orgs (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  site_id uuid not null references public.sites (id) on delete cascade,
  /* { path: { sha256, size, type } }; the bytes are in bucket "sites" under <org_id>/<sha256>. */
  manifest jsonb not null,
  commit text,
  run_id uuid,
  created_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now()
);
create index deployments_site_id on public.deployments (site_id, created_at desc);
alter table public.sites add foreign key (current_deployment_id) references public.deployments (id) on delete set null;

alter table public.projects enable row level security;
alter table public.git_tokens enable row level security;
alter table public.changes enable row level security;
alter table public.sites enable row level security;
alter table public.deployments enable row level security;

create policy "members see projects" on public.projects for select to authenticated using (org_id in (select private.my_orgs()));
create policy "writers make projects" on public.projects for insert to authenticated
  with check (org_id in (select private.my_writable_orgs()) and created_by = (select auth.uid()));
create policy "writers edit projects" on public.projects for update to authenticated
  using (org_id in (select private.my_writable_orgs())) with check (org_id in (select private.my_writable_orgs()));
create policy "admins delete projects" on public.projects for delete to authenticated using (org_id in (select private.my_admin_orgs()));
create policy "members see tokens" on public.git_tokens for select to authenticated using (org_id in (select private.my_orgs()));
create policy "writers make tokens" on public.git_tokens for insert to authenticated
  with check (created_by = (select auth.uid()) and org_id in (select private.my_writable_orgs())
    and project_id in (select p.id from public.projects p where p.org_id = git_tokens.org_id));
-- Revoking is for good, here and for sites: a revoked row is out of reach of updates.
create policy "writers revoke tokens" on public.git_tokens for update to authenticated
  using (org_id in (select private.my_writable_orgs()) and revoked_at is null) with check (org_id in (select private.my_writable_orgs()));
create policy "members see changes" on public.changes for select to authenticated using (org_id in (select private.my_orgs()));
create policy "writers edit changes" on public.changes for update to authenticated
  using (org_id in (select private.my_writable_orgs())) with check (org_id in (select private.my_writable_orgs()));
create policy "members see sites" on public.sites for select to authenticated using (org_id in (select private.my_orgs()));
create policy "writers revoke sites" on public.sites for update to authenticated
  using (org_id in (select private.my_writable_orgs()) and revoked_at is null) with check (org_id in (select private.my_writable_orgs()));
create policy "members see deployments" on public.deployments for select to authenticated using (org_id in (select private.my_orgs()));

revoke all on public.projects, public.git_tokens, public.changes, public.sites, public.deployments from anon, authenticated;
grant select, delete on public.projects to authenticated;
grant insert (id, org_id, slug, name, source, default_branch, created_by) on public.projects to authenticated;
-- Not the protection of the default branch: a member who may push could otherwise lift it first.
grant update (name, slug, updated_at) on public.projects to authenticated;
grant select (id, org_id, project_id, name, scope, created_by, created_at, last_used_at, revoked_at) on public.git_tokens to authenticated;
grant insert (id, org_id, project_id, name, scope, token_hash, created_by) on public.git_tokens to authenticated;
grant update (revoked_at) on public.git_tokens to authenticated;
grant select on public.changes, public.sites, public.deployments to authenticated;
-- Heads and merges are facts of the repository: the server states them, a member cannot.
grant update (title, body) on public.changes to authenticated;
grant update (revoked_at) on public.sites to authenticated;

/* Refuses with "not found" to a stranger and "forbidden" to a viewer; returns the project's organisation. */
create function private.require_project_writer(p_project uuid) returns uuid
  language plpgsql stable security definer set search_path = ''
  as $$
declare v_org uuid; v_role public.member_role;
begin
  select org_id into v_org from public.projects where id = p_project;
  if v_org is null then raise exception 'Project % not found', p_project using errcode = 'P0002'; end if;
  -- The worker acts as service_role or connects directly, without a user.
  if auth.uid() is null and coalesce(auth.role(), 'service_role') = 'service_role' then return v_org; end if;
  select role into v_role from public.members where org_id = v_org and user_id = auth.uid();
  if v_role is null then raise exception 'Project % not found', p_project using errcode = 'P0002'; end if;
  if v_role = 'viewer' then raise exception 'A viewer cannot change project %', p_project using errcode = '42501'; end if;
  return v_org;
end $$;
revoke all on function private.require_project_writer(uuid) from public, authenticated;

/* Some calls state what only the repository or storage can confirm: the commit of a branch, the text of a workflow, that blobs
   are there. The API checks that first and says so in the claims it sets (functions/context.ts); no token of a user has this
   claim, so the same function called directly over REST is refused. */
create function private.require_api() returns void
  language plpgsql stable security definer set search_path = ''
  as $$
begin
  if auth.uid() is not null and auth.jwt() ->> 'via' is distinct from 'functions' then
    raise exception 'This is done through the API' using errcode = '42501';
  end if;
end $$;
revoke all on function private.require_api() from public, authenticated;

/* Opens a change, or updates the open one of the same branch. Returns its number. */
create function public.open_change(p_project uuid, p_title text, p_body text, p_base text, p_head text, p_head_commit text, p_run uuid default null)
  returns int
  language plpgsql security definer set search_path = ''
  as $$
declare v_org uuid := private.require_project_writer(p_project); v_number int;
begin
  perform private.require_api();
  if p_run is not null and not exists (select 1 from public.runs where id = p_run and project_id = p_project) then
    raise exception 'Run % is not one of this project', p_run using errcode = 'P0002';
  end if;
  update public.changes set title = p_title, body = p_body, head_commit = p_head_commit, run_id = coalesce(p_run, run_id), updated_at = now()
    where project_id = p_project and head_branch = p_head and status = 'open' returning number into v_number;
  if v_number is not null then return v_number; end if;
  update public.projects set last_change_number = last_change_number + 1, updated_at = now() where id = p_project
    returning last_change_number into v_number;
  insert into public.changes (org_id, project_id, number, title, body, base_branch, head_branch, head_commit, run_id, created_by)
    values (v_org, p_project, v_number, p_title, p_body, p_base, p_head, p_head_commit, p_run, auth.uid());
  return v_number;
end $$;

/* Closes an open change without merging it; closing twice changes nothing. Waits for a merge that is under way. */
create function public.close_change(p_project uuid, p_number int) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_status text;
begin
  perform private.require_project_writer(p_project);
  perform pg_advisory_xact_lock(hashtextextended('change:' || p_project || '/' || p_number, 0));
  select status into v_status from public.changes where project_id = p_project and number = p_number;
  if v_status is null then raise exception 'There is no change % in this project', p_number using errcode = 'P0002'; end if;
  if v_status = 'merged' then raise exception 'Change % is merged already', p_number using errcode = '23505'; end if;
  update public.changes set status = 'closed', updated_at = now() where project_id = p_project and number = p_number and status = 'open';
end $$;

/* Makes a deployment the current one of the live site (project, kind, name), creating the site if there is none.
   Idempotent by deployment id. Returns the site's slug. */
create function public.publish_deployment(p_id uuid, p_project uuid, p_kind text, p_name text, p_manifest jsonb, p_commit text default null, p_run uuid default null)
  returns text
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_project_writer(p_project);
  v_project public.projects;
  v_site public.sites;
begin
  perform private.require_api();
  -- Previews and production come out of runs, whose gates a call of a member would go around.
  if auth.uid() is not null and (p_kind <> 'share' or p_run is not null) then
    raise exception 'A member publishes shares; a run deploys to %', p_kind using errcode = '42501';
  end if;
  select * into v_project from public.projects where id = p_project for update;
  select s.* into v_site from public.sites s join public.deployments d on d.site_id = s.id where d.id = p_id;
  if v_site.id is not null then
    if v_site.project_id <> p_project then raise exception 'Deployment % belongs to another project', p_id using errcode = '42501'; end if;
    return v_site.slug;
  end if;
  select * into v_site from public.sites where project_id = p_project and kind = p_kind and name = p_name and revoked_at is null;
  if v_site.id is null then
    -- The random tail makes the address of a share impossible to guess; 10 bytes of hex.
    insert into public.sites (org_id, project_id, slug, kind, name, created_by)
      values (v_org, p_project, trim(both '-' from left(v_project.slug, 32)) || '-' || case p_kind when 'share' then '' else p_kind || '-' end
        || substr(replace(gen_random_uuid()::text, '-', ''), 1, case p_kind when 'share' then 20 else 8 end), p_kind, p_name, auth.uid())
      returning * into v_site;
  end if;
  insert into public.deployments (id, org_id, project_id, site_id, manifest, commit, run_id, created_by)
    values (p_id, v_org, p_project, v_site.id, p_manifest, p_commit, p_run, auth.uid());
  update public.sites set current_deployment_id = p_id where id = v_site.id;
  return v_site.slug;
end $$;

/* Makes an earlier deployment of the same site current again. */
create function public.rollback_site(p_site uuid, p_deployment uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_project uuid;
begin
  select project_id into v_project from public.sites where id = p_site;
  perform private.require_project_writer(v_project);
  if not exists (select 1 from public.deployments where id = p_deployment and site_id = p_site) then
    raise exception 'Deployment % is not one of this site', p_deployment using errcode = 'P0002';
  end if;
  update public.sites set current_deployment_id = p_deployment where id = p_site;
end $$;

revoke all on function public.open_change(uuid, text, text, text, text, text, uuid), public.close_change(uuid, int), public.publish_deployment(uuid, uuid, text, text, jsonb, text, uuid), public.rollback_site(uuid, uuid) from public, anon;
grant execute on function public.open_change(uuid, text, text, text, text, text, uuid), public.close_change(uuid, int), public.publish_deployment(uuid, uuid, text, text, jsonb, text, uuid), public.rollback_site(uuid, uuid) to authenticated, service_role;

-- Buckets. Site blobs are content-addressed and written by members; artifacts are written by the worker only.
insert into storage.buckets (id, name, public) values ('sites', 'sites', false), ('artifacts', 'artifacts', false) on conflict (id) do nothing;
create policy "writers upload site blobs" on storage.objects for insert to authenticated
  with check (bucket_id = 'sites' and split_part(name, '/', 1) in (select o::text from private.my_writable_orgs() o)
    and name ~ '^[0-9a-f-]{36}/[0-9a-f]{64}$');
create policy "members read site blobs and artifacts" on storage.objects for select to authenticated
  using (bucket_id in ('sites', 'artifacts') and split_part(name, '/', 1) in (select o::text from private.my_orgs() o));

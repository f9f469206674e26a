-- Secrets of organisations and projects. The database holds them sealed; the keys are with the API and the workers.

create table public.secrets (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  /* null: for every project of the organisation. */
  project_id uuid references public.projects (id) on delete cascade,
  /* Empty: for every environment; else "preview", "prod" or a name. Of an organisation's secret always empty. */
  environment text not null default '' check (environment ~ '^([a-z][a-z0-9-]{0,39})?$' and (project_id is not null or environment = '')),
  name text not null check (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'),
  /* What a command sees: a placeholder that the sandbox's proxy replaces on its way out, or the value itself. */
  given_as text not null default 'placeholder' check (given_as in ('placeholder', 'value')),
  /* base64 of nonce, AES-256-GCM ciphertext and tag; where it belongs is authenticated with it (shared/secrets/sealSecret.ts). */
  ciphertext text not null check (length(ciphertext) between 38 and 100000),
  key_id text not null check (key_id ~ '^[A-Za-z0-9_-]{1,40}$'),
  /* Counts the values it has had; another key for the same value does not count. */
  version int not null default 1,
  updated_by uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_used_at timestamptz,
  unique nulls not distinct (org_id, project_id, environment, name)
);
create index secrets_project_id on public.secrets (project_id);
create index secrets_key_id on public.secrets (key_id, id);
create index secrets_updated_by on public.secrets (updated_by);

alter table public.secrets enable row level security;
create policy "members see which secrets there are" on public.secrets for select to authenticated using (org_id in (select private.my_orgs()));
revoke all on public.secrets from anon, authenticated;
-- Not the ciphertext: whoever has it needs only the key.
grant select (id, org_id, project_id, environment, name, given_as, key_id, version, updated_by, created_at, updated_at, last_used_at) on public.secrets to authenticated;

/* Who may set the secrets of a place: admins those of an organisation, writers those of a project. Answers the organisation. */
create function private.require_secret_editor(p_org uuid, p_project uuid) returns uuid
  language plpgsql stable security definer set search_path = ''
  as $$
declare v_org uuid; v_role public.member_role;
begin
  if p_project is not null then
    v_org := private.require_project_writer(p_project);
    if p_org is distinct from v_org then raise exception 'Project % not found', p_project using errcode = 'P0002'; end if;
    return v_org;
  end if;
  if auth.uid() is null and coalesce(auth.role(), 'service_role') = 'service_role' then return p_org; end if;
  select role into v_role from public.members where org_id = p_org and user_id = auth.uid();
  if v_role is null or not private.token_allows_org(p_org) then raise exception 'Organisation not found' using errcode = 'P0002'; end if;
  if not private.token_may_write() then raise exception 'This access token may only read' using errcode = '42501'; end if;
  if v_role not in ('owner', 'admin') then
    raise exception 'Only an owner or admin sets the secrets of an organisation; a project can have its own' using errcode = '42501';
  end if;
  return p_org;
end $$;

/* Adds a secret or replaces its value, sealed by the API. Returns its id. */
create function public.set_secret(p_org uuid, p_project uuid, p_environment text, p_name text, p_given_as text, p_ciphertext text, p_key_id text) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_org uuid := private.require_secret_editor(p_org, p_project);
  v_row public.secrets;
begin
  perform private.require_api();
  -- One writer of a place at a time: the count below holds.
  perform pg_advisory_xact_lock(hashtextextended('secrets:' || v_org || coalesce(p_project::text, ''), 0));
  if (select count(*) from public.secrets where org_id = v_org and project_id is not distinct from p_project) >= 500
     and not exists (select 1 from public.secrets where org_id = v_org and project_id is not distinct from p_project and environment = p_environment and name = p_name) then
    raise exception 'There are 500 secrets here already; remove one first' using errcode = '23514';
  end if;
  insert into public.secrets (org_id, project_id, environment, name, given_as, ciphertext, key_id, updated_by)
    values (v_org, p_project, p_environment, p_name, p_given_as, p_ciphertext, p_key_id, auth.uid())
    on conflict (org_id, project_id, environment, name) do update set given_as = excluded.given_as, ciphertext = excluded.ciphertext,
      key_id = excluded.key_id, updated_by = excluded.updated_by, updated_at = now(), version = public.secrets.version + 1
    returning * into v_row;
  perform private.audit(v_org, jsonb_build_object('actor', case when auth.uid() is null then 'system' else 'user:' || auth.uid() end,
    'action', 'secret.set', 'decision', 'allow', 'rule', case when p_project is null then 'role:admin' else 'role:writer' end, 'projectId', p_project,
    'subject', jsonb_build_object('secret', p_name, 'environment', p_environment, 'givenAs', p_given_as, 'version', v_row.version)));
  return v_row.id;
end $$;

/* Removes a secret for good. */
create function public.remove_secret(p_id uuid) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_row public.secrets;
begin
  select * into v_row from public.secrets where id = p_id for update;
  if v_row.id is null then raise exception 'There is no such secret' using errcode = 'P0002'; end if;
  begin
    perform private.require_secret_editor(v_row.org_id, v_row.project_id);
  exception when no_data_found then
    -- A stranger does not learn whose it is.
    raise exception 'There is no such secret' using errcode = 'P0002';
  end;
  delete from public.secrets where id = p_id;
  perform private.audit(v_row.org_id, jsonb_build_object('actor', case when auth.uid() is null then 'system' else 'user:' || auth.uid() end,
    'action', 'secret.remove', 'decision', 'allow', 'rule', case when v_row.project_id is null then 'role:admin' else 'role:writer' end, 'projectId', v_row.project_id,
    'subject', jsonb_build_object('secret', v_row.name, 'environment', v_row.environment, 'version', v_row.version)));
end $$;

/* The sealed secrets that a project's run in an environment has by these names (null: all), the most specific of each name:
   project and environment, then project, then organisation. */
create function private.secrets_of(p_project uuid, p_environment text, p_names text[] default null) returns setof public.secrets
  language sql stable security definer set search_path = ''
  as $$
    select distinct on (s.name) s.* from public.secrets s join public.projects p on p.org_id = s.org_id
    where p.id = p_project and (s.project_id = p_project or s.project_id is null)
      and s.environment in ('', p_environment) and (p_names is null or s.name = any (p_names))
    order by s.name, s.project_id nulls last, s.environment = '';
  $$;

/* Says that a step is given these secrets: stamps them and writes one line each into the audit log. */
create function private.secrets_used(p_run uuid, p_step text, p_ids uuid[]) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs; v_row public.secrets;
begin
  select * into v_run from public.runs where id = p_run;
  for v_row in update public.secrets set last_used_at = clock_timestamp() where id = any (p_ids) and org_id = v_run.org_id returning * loop
    perform private.audit(v_run.org_id, jsonb_build_object('actor', 'run:' || p_run, 'action', 'secret.use:' || v_row.name, 'decision', 'allow',
      'rule', 'secrets.allowed', 'projectId', v_run.project_id, 'runId', p_run, 'stepId', p_step,
      'subject', jsonb_build_object('secret', v_row.name, 'environment', v_row.environment, 'version', v_row.version, 'givenAs', v_row.given_as)));
  end loop;
end $$;

revoke all on function private.require_secret_editor(uuid, uuid), private.secrets_of(uuid, text, text[]), private.secrets_used(uuid, text, uuid[]) from public, anon, authenticated;
grant execute on function private.secrets_of(uuid, text, text[]), private.secrets_used(uuid, text, uuid[]) to service_role;
revoke all on function public.set_secret(uuid, uuid, text, text, text, text, text), public.remove_secret(uuid) from public, anon;
grant execute on function public.set_secret(uuid, uuid, text, text, text, text, text), public.remove_secret(uuid) to authenticated, service_role;

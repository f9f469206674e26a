-- Access tokens: what a program (the command line, CI, an MCP client) sends in place of its user's session.

create table public.access_tokens (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references public.profiles (id) on delete cascade,
  /* The one organisation that it reaches; null: all of its user's. */
  org_id uuid references public.orgs (id) on delete cascade,
  name text not null check (length(name) between 1 and 80),
  scope text not null check (scope in ('read', 'write')),
  /* sha-256 of the token; the token itself is shown once and kept nowhere. */
  token_hash bytea not null unique check (length(token_hash) = 32),
  /* Its first characters, to know it again by. */
  prefix text not null check (length(prefix) between 4 and 12),
  expires_at timestamptz,
  created_at timestamptz not null default now(),
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index access_tokens_user_id on public.access_tokens (user_id);
create index access_tokens_org_id on public.access_tokens (org_id) where org_id is not null;

/* What the caller's access token adds to their claims; functions/context.ts states it. All null in a session. */
create function private.token_id() returns uuid
  language sql stable set search_path = ''
  as $$ select (auth.jwt() ->> 'token_id')::uuid $$;
create function private.token_allows_org(p_org uuid) returns boolean
  language sql stable set search_path = ''
  as $$ select coalesce((auth.jwt() ->> 'token_org')::uuid = p_org, true) $$;
create function private.token_may_write() returns boolean
  language sql stable set search_path = ''
  as $$ select coalesce(auth.jwt() ->> 'token_scope', 'write') = 'write' $$;

-- Every policy asks one of these three, so a token's limits hold wherever its user's do.
create or replace function private.my_orgs() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select org_id from public.members where user_id = auth.uid() and private.token_allows_org(org_id) $$;
create or replace function private.my_writable_orgs() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select org_id from public.members where user_id = auth.uid() and role in ('owner', 'admin', 'member')
    and private.token_allows_org(org_id) and private.token_may_write() $$;
/* Also reads ask for it (the audit log): the scope of a token is held by the API and by what writes. */
create or replace function private.my_admin_orgs() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select org_id from public.members where user_id = auth.uid() and role in ('owner', 'admin') and private.token_allows_org(org_id) $$;

create or replace function private.require_project_writer(p_project uuid) returns uuid
  language plpgsql stable security definer set search_path = ''
  as $$
declare v_org uuid; v_role public.member_role;
begin
  select org_id into v_org from public.projects where id = p_project;
  if v_org is null then raise exception 'Project % not found', p_project using errcode = 'P0002'; end if;
  -- The worker acts as service_role or connects directly, without a user.
  if auth.uid() is null and coalesce(auth.role(), 'service_role') = 'service_role' then return v_org; end if;
  select role into v_role from public.members where org_id = v_org and user_id = auth.uid();
  if v_role is null or not private.token_allows_org(v_org) then raise exception 'Project % not found', p_project using errcode = 'P0002'; end if;
  if v_role = 'viewer' then raise exception 'A viewer cannot change project %', p_project using errcode = '42501'; end if;
  if not private.token_may_write() then raise exception 'This access token may only read' using errcode = '42501'; end if;
  return v_org;
end $$;

alter table public.access_tokens enable row level security;
create policy "users see their tokens, admins those for their organisation" on public.access_tokens for select to authenticated
  using (user_id = (select auth.uid()) or org_id in (select private.my_admin_orgs()));
-- A token makes no tokens: what leaks must not outlive its end.
create policy "users make tokens for themselves" on public.access_tokens for insert to authenticated
  with check (user_id = (select auth.uid()) and (select private.token_id()) is null
    and (org_id is null or org_id in (select private.my_orgs())));
-- A token ends itself (signing out), no other. A revoked row is out of reach of updates.
create policy "users and admins revoke tokens" on public.access_tokens for update to authenticated
  using (revoked_at is null and (user_id = (select auth.uid()) or org_id in (select private.my_admin_orgs()))
    and coalesce(id = (select private.token_id()), true))
  with check (true);
revoke all on public.access_tokens from anon, authenticated;
grant select (id, user_id, org_id, name, scope, prefix, expires_at, created_at, last_used_at, revoked_at) on public.access_tokens to authenticated;
grant insert (id, user_id, org_id, name, scope, token_hash, prefix, expires_at) on public.access_tokens to authenticated;
grant update (revoked_at) on public.access_tokens to authenticated;

/* The claims that a token stands for: { claims }, or { refused: 'revoked' | 'expired' }; null for one that does not exist.
   One look-up by hash, whatever it finds. That it was used is written once a minute, not at each use. */
create function private.use_access_token(p_hash bytea) returns jsonb
  language plpgsql security definer set search_path = ''
  as $$
declare v_token public.access_tokens; v_email text;
begin
  select * into v_token from public.access_tokens where token_hash = p_hash;
  if v_token.id is null then return null; end if;
  if v_token.revoked_at is not null then return jsonb_build_object('refused', 'revoked'); end if;
  if v_token.expires_at <= now() then return jsonb_build_object('refused', 'expired'); end if;
  update public.access_tokens set last_used_at = now()
    where id = v_token.id and (last_used_at is null or last_used_at < now() - interval '1 minute');
  select email into v_email from public.profiles where id = v_token.user_id;
  return jsonb_build_object('claims', jsonb_strip_nulls(jsonb_build_object('sub', v_token.user_id, 'role', 'authenticated', 'email', v_email,
    'token_id', v_token.id, 'token_scope', v_token.scope, 'token_org', v_token.org_id)));
end $$;

revoke all on function private.token_id(), private.token_allows_org(uuid), private.token_may_write(), private.use_access_token(bytea) from public, anon, authenticated;
-- Called by policies, which run as whoever asks.
grant execute on function private.token_id(), private.token_allows_org(uuid), private.token_may_write() to authenticated, service_role;
grant execute on function private.use_access_token(bytea) to service_role;

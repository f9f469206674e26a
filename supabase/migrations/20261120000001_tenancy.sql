-- Organisations are the tenants. Every table carries org_id, and every policy asks one of the three functions below.

create schema if not exists private;
revoke all on schema private from public;
-- Policies may call what they are granted here without USAGE on the schema; callers of the API cannot name it.
grant usage on schema private to service_role;

create type public.member_role as enum ('owner', 'admin', 'member', 'viewer');

create table public.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  email text not null,
  name text not null,
  created_at timestamptz not null default now()
);

create table public.orgs (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique check (slug ~ '^[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 80),
  personal boolean not null default false,
  created_at timestamptz not null default now()
);

create table public.members (
  org_id uuid not null references public.orgs (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  role public.member_role not null,
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index members_user_id on public.members (user_id);

-- SECURITY DEFINER, so that the policy on members can ask about members without recursing into itself.
create function private.my_orgs() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select org_id from public.members where user_id = auth.uid() $$;

create function private.my_writable_orgs() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select org_id from public.members where user_id = auth.uid() and role in ('owner', 'admin', 'member') $$;

create function private.my_admin_orgs() returns setof uuid
  language sql stable security definer set search_path = ''
  as $$ select org_id from public.members where user_id = auth.uid() and role in ('owner', 'admin') $$;

revoke all on all functions in schema private from public;
grant execute on all functions in schema private to authenticated, service_role;

alter table public.profiles enable row level security;
alter table public.orgs enable row level security;
alter table public.members enable row level security;

create policy "members see the profiles of their organisations" on public.profiles for select to authenticated
  using (id = (select auth.uid()) or id in (select m.user_id from public.members m where m.org_id in (select private.my_orgs())));
create policy "a user edits their own profile" on public.profiles for update to authenticated
  using (id = (select auth.uid())) with check (id = (select auth.uid()));
create policy "members see their organisations" on public.orgs for select to authenticated
  using (id in (select private.my_orgs()));
create policy "admins edit their organisations" on public.orgs for update to authenticated
  using (id in (select private.my_admin_orgs())) with check (id in (select private.my_admin_orgs()));
create policy "members see each other" on public.members for select to authenticated
  using (org_id in (select private.my_orgs()));

-- Default privileges hand every new table to the client roles; they get back only what a policy is written for.
revoke all on public.profiles, public.orgs, public.members from anon, authenticated;
grant select on public.profiles, public.orgs, public.members to authenticated;
grant update (name) on public.profiles, public.orgs to authenticated;

/* Makes a slug that is free in orgs from any text: lower case, dashes, a numbered tail on a clash. */
create function private.free_org_slug(p_text text) returns text
  language plpgsql volatile security definer set search_path = ''
  as $$
declare
  v_base text := left(trim(both '-' from regexp_replace(lower(p_text), '[^a-z0-9]+', '-', 'g')), 30);
  v_slug text;
  v_try int := 1;
begin
  if v_base = '' then v_base := 'org'; end if;
  -- Names that are pages of the Studio or paths of the server.
  if v_base in ('signin', 'inbox', 'settings', 'auth', 'rest', 'storage', 'realtime', 'functions', 'git', 'forge', 'npm', 'mail', 'local', 'hooks', 'mcp', 'healthz', 'assets', 'new', 'api') then
    v_base := v_base || '-org';
  end if;
  v_slug := v_base;
  while exists (select 1 from public.orgs where slug = v_slug) loop
    v_try := v_try + 1;
    v_slug := v_base || '-' || v_try;
  end loop;
  return v_slug;
end $$;
revoke all on function private.free_org_slug(text) from public, authenticated;

/* On sign-up: a profile, and a personal organisation that the new user owns. */
create function private.handle_new_user() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_name text := coalesce(nullif(split_part(new.email, '@', 1), ''), 'user');
  v_org uuid;
begin
  insert into public.profiles (id, email, name) values (new.id, coalesce(new.email, ''), v_name)
    on conflict (id) do nothing;
  insert into public.orgs (slug, name, personal) values (private.free_org_slug(v_name), v_name, true) returning id into v_org;
  insert into public.members (org_id, user_id, role) values (v_org, new.id, 'owner');
  return new;
end $$;
revoke all on function private.handle_new_user() from public, authenticated;
create trigger on_auth_user_created after insert on auth.users for each row execute function private.handle_new_user();

create function public.create_org(p_name text) returns uuid
  language plpgsql security definer set search_path = ''
  as $$
declare v_org uuid;
begin
  if auth.uid() is null then raise exception 'Sign in to create an organisation' using errcode = '42501'; end if;
  insert into public.orgs (slug, name) values (private.free_org_slug(p_name), p_name) returning id into v_org;
  insert into public.members (org_id, user_id, role) values (v_org, auth.uid(), 'owner');
  return v_org;
end $$;

/* Adds a user by e-mail, or changes their role; null removes them. An organisation keeps at least one owner. */
create function public.set_member(p_org uuid, p_email text, p_role public.member_role) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_actor public.member_role;
  v_user uuid;
  v_before public.member_role;
begin
  -- One writer at a time per organisation, or two owners could remove each other.
  perform 1 from public.orgs where id = p_org for update;
  select role into v_actor from public.members where org_id = p_org and user_id = auth.uid();
  select id into v_user from public.profiles where lower(email) = lower(p_email);
  if v_actor is null then raise exception 'Organisation not found' using errcode = 'P0002'; end if;
  if v_actor not in ('owner', 'admin') and not (p_role is null and v_user = auth.uid()) then
    raise exception 'Only an owner or admin changes members' using errcode = '42501';
  end if;
  if v_user is null then raise exception 'No account with the address %', p_email using errcode = 'P0002'; end if;
  select role into v_before from public.members where org_id = p_org and user_id = v_user;
  if v_actor <> 'owner' and ('owner' in (p_role, v_before)) then
    raise exception 'Only an owner makes or changes an owner' using errcode = '42501';
  end if;
  if v_before = 'owner' and p_role is distinct from 'owner'
     and (select count(*) from public.members where org_id = p_org and role = 'owner') = 1 then
    raise exception 'An organisation needs at least one owner' using errcode = '23505';
  end if;
  if p_role is null then
    delete from public.members where org_id = p_org and user_id = v_user;
  else
    insert into public.members (org_id, user_id, role) values (p_org, v_user, p_role)
      on conflict (org_id, user_id) do update set role = excluded.role;
  end if;
end $$;

revoke all on function public.create_org(text), public.set_member(uuid, text, public.member_role) from public, anon;
grant execute on function public.create_org(text), public.set_member(uuid, text, public.member_role) to authenticated;

-- What a hosted Supabase project has before the first migration: roles, schemas, helper functions. The schema
-- `realtime` comes from realtime/realtime.sql, after this file.
-- Run as the superuser supabase_admin at every start where its content changed; idempotent.
-- The tables of auth come from @supabase/lite (getAuthSchemaSql) in front of this file.

-- Roles. Passwords are set by bootstrap.ts. -----------------------------------------------------------------------
do $$
declare
  spec record;
begin
  for spec in
    select * from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('supabase_auth_admin', 'nologin noinherit createrole'),
      ('supabase_storage_admin', 'nologin noinherit createrole'),
      ('supabase_realtime_admin', 'nologin noinherit'),
      ('postgres', 'login createdb createrole replication bypassrls'),
      -- The login of @supabase/lite: as little as it needs, and never a superuser.
      ('supabase_lite', 'login inherit bypassrls'),
      -- The login of our storage routes and site server: row-level security applies to whom they act for.
      ('coder_storage', 'login noinherit')
    ) as t (name, options)
  loop
    if not exists (select from pg_roles where rolname = spec.name) then
      execute format('create role %I %s', spec.name, spec.options);
    end if;
  end loop;
end $$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, supabase_storage_admin to coder_storage;
grant anon, authenticated, service_role to supabase_lite;
grant anon, authenticated, service_role, authenticator, supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin
  to postgres with inherit true, set true;
-- As hosted: postgres may read what happens.
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
grant create on database postgres to postgres;
alter role anon set statement_timeout = '10s';
alter role authenticated set statement_timeout = '15s';

-- Schemas ----------------------------------------------------------------------------------------------------------
create schema if not exists extensions;
create schema if not exists auth;
create schema if not exists storage;
create schema if not exists supabase_migrations authorization postgres;
alter schema public owner to postgres;
alter schema auth owner to supabase_auth_admin;
alter schema storage owner to supabase_storage_admin;
revoke create on schema public from public;
grant usage on schema public, extensions to anon, authenticated, service_role, postgres, supabase_lite;
grant usage on schema auth, storage to anon, authenticated, service_role, postgres, supabase_lite;
grant usage on schema extensions, auth to supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin;

create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists pg_stat_statements with schema extensions;
do $$ begin execute format('alter database %I set search_path to "$user", public, extensions', current_database()); end $$;

alter default privileges for role postgres in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges for role postgres in schema public grant all on functions to anon, authenticated, service_role;

-- auth: who asks ---------------------------------------------------------------------------------------------------
create or replace function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;
create or replace function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;
create or replace function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;
create or replace function auth.email() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.email', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email'
  )
$$;

-- @supabase/lite stores JSON as JSON strings; policies and triggers expect objects, as hosted.
create or replace function auth.unwrap_user_json() returns trigger language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(new.raw_user_meta_data) = 'string' then
    new.raw_user_meta_data := (new.raw_user_meta_data #>> '{}')::jsonb;
  end if;
  if jsonb_typeof(new.raw_app_meta_data) = 'string' then
    new.raw_app_meta_data := (new.raw_app_meta_data #>> '{}')::jsonb;
  end if;
  return new;
end $$;
create or replace function auth.unwrap_identity_json() returns trigger language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(new.identity_data) = 'string' then
    new.identity_data := (new.identity_data #>> '{}')::jsonb;
  end if;
  return new;
end $$;
-- Named to run before other triggers: they fire in the order of their names.
create or replace trigger "00_unwrap_json" before insert or update on auth.users
  for each row execute function auth.unwrap_user_json();
create or replace trigger "00_unwrap_json" before insert or update on auth.identities
  for each row execute function auth.unwrap_identity_json();

do $$
declare
  object record;
begin
  for object in select c.oid::regclass as name from pg_class c where c.relnamespace = 'auth'::regnamespace and c.relkind = 'r' loop
    execute format('alter table %s owner to supabase_auth_admin', object.name);
    execute format('alter table %s enable row level security', object.name);
    execute format('grant select, insert, update, delete on %s to supabase_lite', object.name);
    execute format('revoke all on %s from anon, authenticated', object.name);
  end loop;
end $$;
-- Migrations reference auth.users and put their sign-up trigger on it, as they may on hosted.
grant all on all tables in schema auth to postgres;
grant select on all tables in schema auth to service_role;
revoke all on auth.refresh_tokens, auth.flow_state from service_role;

-- storage ----------------------------------------------------------------------------------------------------------
create table if not exists storage.buckets (
  id text primary key,
  name text not null unique,
  owner uuid,
  owner_id text,
  public boolean not null default false,
  avif_autodetection boolean not null default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create table if not exists storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text not null references storage.buckets (id),
  name text not null collate "C",
  owner uuid,
  owner_id text,
  metadata jsonb,
  user_metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  version text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_accessed_at timestamptz not null default now(),
  unique (bucket_id, name)
);
alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;
grant select, insert, update, delete on storage.buckets, storage.objects to anon, authenticated, service_role, postgres;
grant all on storage.buckets, storage.objects to postgres;

create or replace function storage.foldername(name text) returns text[] language sql immutable as $$
  select (string_to_array(name, '/'))[1 : cardinality(string_to_array(name, '/')) - 1]
$$;
create or replace function storage.filename(name text) returns text language sql immutable as $$
  select (string_to_array(name, '/'))[cardinality(string_to_array(name, '/'))]
$$;
create or replace function storage.extension(name text) returns text language sql immutable as $$
  select reverse(split_part(reverse(storage.filename(name)), '.', 1))
$$;

-- What this program remembers between starts (content hashes of what was applied).
create schema if not exists coder_local;
create table if not exists coder_local.applied (name text primary key, hash text not null, at timestamptz not null default now());

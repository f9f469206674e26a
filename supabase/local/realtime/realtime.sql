-- The schema `realtime` as hosted Supabase has it, as far as clients and migrations can see it.
-- Run by the bootstrap as the superuser, after the roles exist; it may be run again at every start.

create schema if not exists realtime;
alter schema realtime owner to supabase_realtime_admin;
grant usage on schema realtime to postgres, anon, authenticated, service_role, supabase_lite;

create table if not exists realtime.messages (
  topic text not null,
  extension text not null,
  payload jsonb,
  event text,
  private boolean default false,
  -- Without the zone, as on hosted; always UTC, whatever the zone of the session that inserts.
  updated_at timestamp without time zone not null default (now() at time zone 'utc'),
  inserted_at timestamp without time zone not null default (now() at time zone 'utc'),
  id uuid not null default gen_random_uuid(),
  primary key (id, inserted_at)
) partition by range (inserted_at);

-- Installations of before have the time of the session's zone here.
alter table realtime.messages
  alter column updated_at set default (now() at time zone 'utc'),
  alter column inserted_at set default (now() at time zone 'utc');

create index if not exists messages_inserted_at_topic_index
  on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private is true;

-- Members of supabase_realtime_admin (postgres is one) may write policies on the table, as on hosted.
alter table realtime.messages owner to supabase_realtime_admin;
alter table realtime.messages enable row level security;
grant select, insert, update on realtime.messages to postgres, anon, authenticated, service_role;

-- The topic of the channel that is being joined or sent to; read by policies on realtime.messages.
create or replace function realtime.topic() returns text
language sql stable
as $$ select nullif(current_setting('realtime.topic', true), '')::text $$;

-- Broadcasts from the database, for triggers and servers: clients send through a channel, where policies decide.
-- As on hosted, a message that cannot be sent is a warning:
-- it must not undo the transaction that reports it.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  generated_id uuid := gen_random_uuid();
  final_payload jsonb;
begin
  if jsonb_typeof(payload) = 'object' and not payload ? 'id' then
    final_payload := payload || jsonb_build_object('id', generated_id);
  else
    final_payload := payload;
  end if;
  insert into realtime.messages (id, payload, event, topic, private, extension)
  values (generated_id, final_payload, event, topic, private, 'broadcast');
exception
  when others then
    raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
end
$$;
alter function realtime.send(jsonb, text, text, boolean) owner to supabase_realtime_admin;
revoke all on function realtime.send(jsonb, text, text, boolean) from public;
grant execute on function realtime.send(jsonb, text, text, boolean) to postgres, service_role;

-- For triggers: broadcasts a row's change in the shape that supabase-js documents.
create or replace function realtime.broadcast_changes(
  topic_name text,
  event_name text,
  operation text,
  table_name text,
  table_schema text,
  new record,
  old record,
  level text default 'ROW'
) returns void
language plpgsql
security definer
set search_path = ''
as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  perform realtime.send(
    jsonb_build_object(
      'old_record', to_jsonb(old), 'record', to_jsonb(new), 'operation', operation, 'table', table_name, 'schema', table_schema
    ),
    event_name,
    topic_name
  );
end
$$;
revoke all on function realtime.broadcast_changes(text, text, text, text, text, record, record, text) from public;
grant execute on function realtime.broadcast_changes(text, text, text, text, text, record, record, text)
  to postgres, service_role;

-- Makes the partitions from yesterday to three days ahead; three days of messages are kept for replay.
-- The gateway calls it when it starts and then hourly, so a machine that slept through a night loses nothing.
create or replace function realtime.maintain_partitions()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  today date := (now() at time zone 'utc')::date;
  first_day date;
  partition_name text;
begin
  perform pg_advisory_xact_lock(hashtext('realtime.maintain_partitions'));
  for first_day in
    select d::date from generate_series(today - 1, today + 3, interval '1 day') d
  loop
    partition_name := 'messages_' || to_char(first_day, 'YYYY_MM_DD');
    if to_regclass(format('realtime.%I', partition_name)) is null then
      execute format(
        'create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
        partition_name, first_day, first_day + 1
      );
      execute format('alter table realtime.%I owner to supabase_realtime_admin', partition_name);
      -- Policies of the parent do not protect a partition that is read by its own name.
      execute format('alter table realtime.%I enable row level security', partition_name);
    end if;
  end loop;
  for partition_name in
    select c.relname
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass
      and c.relname ~ '^messages_\d{4}_\d{2}_\d{2}$'
      and to_date(right(c.relname, 10), 'YYYY_MM_DD') < today - 3
  loop
    execute format('drop table realtime.%I', partition_name);
  end loop;
end
$$;
revoke all on function realtime.maintain_partitions() from public;

select realtime.maintain_partitions();

do $$
begin
  -- Tables that send postgres_changes are added to this one by migrations, which run as postgres.
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to postgres;
  end if;
  -- Through the root, so that a message names the table and not the partition of the day.
  if not exists (select from pg_publication where pubname = 'supabase_realtime_messages_publication') then
    create publication supabase_realtime_messages_publication
      for table realtime.messages with (publish = 'insert', publish_via_partition_root = true);
    alter publication supabase_realtime_messages_publication owner to supabase_realtime_admin;
  end if;
end
$$;

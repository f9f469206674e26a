-- Which deliveries are written, and how long they are kept.

/* A delivery stays as long as a run that it started: who stands at the origin of a run is read from it. */
create or replace function private.due_deliveries(p_project uuid, p_days int, p_limit int default null) returns setof uuid
  language sql stable set search_path = ''
  as $$
  select d.id from public.deliveries d
  where d.project_id = p_project and d.status <> 'pending' and d.received_at < now() - make_interval(days => p_days)
    and not exists (select 1 from public.runs r where r.delivery_id = d.id)
  order by d.received_at limit p_limit
$$;

/* Deliveries that a forge signed and retention has taken. Such a signature covers the body alone and is good for ever, so that it
   was used must be known for as long as the project exists. */
create table private.spent_hooks (
  project_id uuid not null references public.projects (id) on delete cascade,
  key text not null,
  delivery_id uuid not null,
  primary key (project_id, key)
);
grant select on private.spent_hooks to service_role;

/* Whether anybody would be asked about an event of the default branch's files. While these files have not been read since the branch
   moved, somebody might. */
create function private.is_listened_to(p_project uuid, p_event text) returns boolean
  language sql stable security definer set search_path = ''
  as $$
  select exists (select 1 from public.trigger_listeners l where l.project_id = p_project and l.type = 'repo_event' and l.name = p_event)
    or not exists (
      select 1 from public.projects p join public.trigger_syncs s on s.project_id = p.id
        join public.refs r on r.project_id = p.id and r.name = p.default_branch
      where p.id = p_project and s.commit = r.commit)
$$;
revoke all on function private.is_listened_to(uuid, text) from public, anon, authenticated;

/* A check that has come to an end. Of a run's step the actor is the run; of a report whoever reported it. It happens with every
   command of every run: where nobody listens it is no delivery. */
create or replace function private.check_events() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_branch text;
  v_payload jsonb;
begin
  perform realtime.send(jsonb_build_object('commit', new.commit, 'name', new.name, 'status', new.status), 'check_changed', 'project:' || new.project_id, true);
  if new.status not in ('passed', 'failed', 'skipped') then return null; end if;
  -- The same verdict of the same source, said again, is no news.
  if tg_op = 'UPDATE' and old.status = new.status and old.run_id is not distinct from new.run_id then return null; end if;
  if not private.is_listened_to(new.project_id, 'check.finished') then return null; end if;
  select * into v_run from public.runs where id = new.run_id;
  select coalesce(
    (select r.name from public.refs r where r.project_id = new.project_id and r.commit = new.commit
      order by r.name = v_run.ref desc nulls last, r.name = p.default_branch desc, r.name limit 1),
    v_run.ref, p.default_branch) into v_branch from public.projects p where p.id = new.project_id;
  v_payload := jsonb_build_object('branch', v_branch, 'commit', new.commit,
    'check', jsonb_build_object('name', new.name, 'status', new.status, 'commit', new.commit, 'url', new.url, 'source', new.source));
  if v_run.id is not null then
    v_payload := v_payload || jsonb_build_object('actor', jsonb_build_object('id', v_run.id, 'name', 'Coder', 'bot', true));
  end if;
  perform private.record_repo_event(new.project_id, 'check.finished', new.id || ':' || new.status || ':' || pg_current_xact_id(), v_payload, v_run.depth + 1);
  return null;
end $$;

-- Every fact of a repository is a delivery, recorded in the transaction that makes it a fact.

/* The actor of what the rest of this transaction does: "user:<id>", "run:<id>" or "system". A run's doings are one step
   deeper than the run, so that workflows that start each other come to an end. */
create function private.act_as(p_actor text) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_id uuid := case when p_actor ~ '^(user|run):' then split_part(p_actor, ':', 2)::uuid end;
  v_actor jsonb;
begin
  if p_actor like 'user:%' then
    select jsonb_build_object('id', id, 'name', name, 'bot', false, 'depth', 0) into v_actor from public.profiles where id = v_id;
  elsif p_actor like 'run:%' then
    select jsonb_build_object('id', id, 'name', 'Coder', 'bot', true, 'depth', depth + 1) into v_actor from public.runs where id = v_id;
  end if;
  perform set_config('coder.actor', coalesce(v_actor, jsonb_build_object('id', null, 'name', 'Coder', 'bot', true, 'depth', 0))::text, true);
end $$;

/* { id, name, bot, depth } of whoever does what this transaction does. */
create function private.event_actor() returns jsonb
  language plpgsql security definer set search_path = ''
  as $$
declare v_actor jsonb := nullif(current_setting('coder.actor', true), '')::jsonb;
begin
  if v_actor is not null then return v_actor; end if;
  select jsonb_build_object('id', id, 'name', name, 'bot', false, 'depth', 0) into v_actor from public.profiles where id = auth.uid();
  return coalesce(v_actor, jsonb_build_object('id', null, 'name', 'Coder', 'bot', true, 'depth', 0));
end $$;

/* Records one event of a repository. The key names the fact: p_fact alone where it can happen once, else with something that tells one time from another. */
create function private.record_repo_event(p_project uuid, p_event text, p_fact text, p_payload jsonb, p_depth int default null) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_actor jsonb := private.event_actor();
begin
  perform private.record_delivery(p_project, 'repo', p_event, p_event || ':' || p_fact,
    jsonb_build_object('event', p_event, 'actor', v_actor - 'depth') || p_payload, coalesce(p_depth, (v_actor ->> 'depth')::int, 0));
end $$;

/* Name of an account, or of Coder. */
create function private.author_name(p_user uuid) returns text
  language sql stable security definer set search_path = ''
  as $$ select coalesce((select name from public.profiles where id = p_user), 'Coder') $$;

create function private.change_payload(p_change public.changes) returns jsonb
  language sql stable security definer set search_path = ''
  as $$
  select jsonb_build_object('branch', p_change.base_branch, 'commit', p_change.head_commit, 'labels', to_jsonb(p_change.labels),
    'pull_request', jsonb_build_object('number', p_change.number, 'title', p_change.title, 'body', p_change.body, 'draft', p_change.draft,
      'head', p_change.head_branch, 'base', p_change.base_branch, 'headCommit', p_change.head_commit, 'labels', to_jsonb(p_change.labels),
      'author', private.author_name(p_change.created_by), 'merged', p_change.status = 'merged', 'mergedCommit', p_change.merged_commit))
$$;

create function private.issue_payload(p_issue public.issues) returns jsonb
  language sql stable security definer set search_path = ''
  as $$
  select jsonb_build_object('branch', p.default_branch, 'labels', to_jsonb(p_issue.labels),
    'issue', jsonb_build_object('number', p_issue.number, 'title', p_issue.title, 'body', p_issue.body, 'state', p_issue.state,
      'labels', to_jsonb(p_issue.labels), 'author', private.author_name(p_issue.created_by)))
  from public.projects p where p.id = p_issue.project_id
$$;

create function private.change_events() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_payload jsonb := private.change_payload(new);
  -- One transaction states a fact once; the same head or label may come back in a later one.
  v_time text := ':' || pg_current_xact_id();
  v_label text;
begin
  if tg_op = 'INSERT' then
    perform private.record_repo_event(new.project_id, 'pull_request.opened', new.number::text, v_payload);
  else
    if new.status = 'open' and new.head_commit <> old.head_commit then
      perform private.record_repo_event(new.project_id, 'pull_request.updated', new.number || ':' || new.head_commit || v_time, v_payload);
    end if;
    if new.status <> old.status and new.status in ('merged', 'closed') then
      perform private.record_repo_event(new.project_id, 'pull_request.' || new.status, new.number::text, v_payload);
    end if;
  end if;
  for v_label in select l from unnest(new.labels) l where tg_op = 'INSERT' or not l = any (old.labels) loop
    perform private.record_repo_event(new.project_id, 'pull_request.labeled', new.number || ':' || v_label || v_time, v_payload || jsonb_build_object('label', v_label));
  end loop;
  perform realtime.send(jsonb_build_object('number', new.number), 'discussion_changed', 'project:' || new.project_id, true);
  return null;
end $$;
create trigger changes_events after insert or update on public.changes for each row execute function private.change_events();

create function private.issue_events() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_payload jsonb := private.issue_payload(new);
  v_label text;
begin
  if tg_op = 'INSERT' then perform private.record_repo_event(new.project_id, 'issue.opened', new.number::text, v_payload); end if;
  for v_label in select l from unnest(new.labels) l where tg_op = 'INSERT' or not l = any (old.labels) loop
    perform private.record_repo_event(new.project_id, 'issue.labeled', new.number || ':' || v_label || ':' || pg_current_xact_id(),
      v_payload || jsonb_build_object('label', v_label));
  end loop;
  perform realtime.send(jsonb_build_object('number', new.number), 'discussion_changed', 'project:' || new.project_id, true);
  return null;
end $$;
create trigger issues_events after insert or update on public.issues for each row execute function private.issue_events();

create function private.comment_events() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_change public.changes;
  v_issue public.issues;
  v_comment jsonb := jsonb_build_object('comment', jsonb_build_object('id', new.id, 'body', new.body, 'author', private.author_name(new.created_by)));
begin
  if new.change_id is not null then
    select * into v_change from public.changes where id = new.change_id;
    perform private.record_repo_event(new.project_id, 'pull_request.commented', new.id::text, private.change_payload(v_change) || v_comment);
  else
    select * into v_issue from public.issues where id = new.issue_id;
    perform private.record_repo_event(new.project_id, 'issue.commented', new.id::text, private.issue_payload(v_issue) || v_comment);
  end if;
  return null;
end $$;
create trigger comments_events after insert on public.comments for each row execute function private.comment_events();

/* A check that has come to an end. Of a run's step the actor is the run; of a report whoever reported it. */
create function private.check_events() returns trigger
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
create trigger checks_events after insert or update on public.checks for each row execute function private.check_events();

/* Takes the branches of a repository as they are, without events: of a new project, or of one that was never looked at. */
create function private.know_refs(p_project uuid, p_refs jsonb) returns void
  language plpgsql security definer set search_path = ''
  as $$
begin
  update public.projects set ref_moves = coalesce(ref_moves, 0), updated_at = now() where id = p_project;
  delete from public.refs where project_id = p_project;
  insert into public.refs (project_id, org_id, name, commit)
    select p.id, p.org_id, r.value ->> 'name', r.value ->> 'commit' from public.projects p, jsonb_array_elements(p_refs) r where p.id = p_project;
  perform realtime.send(jsonb_build_object('projectId', p_project), 'repository_changed', 'project:' || p_project, true);
end $$;

/* Records moves of branches, each as one push, and lets the open changes of these branches follow.
   p_moves: [{ branch, before, after, commits, paths? }]; before is null for a new branch, after for a deleted one, which is no push. */
create function private.record_ref_moves(p_project uuid, p_moves jsonb) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_first bigint; v_org uuid;
begin
  update public.projects set ref_moves = coalesce(ref_moves, 0) + jsonb_array_length(p_moves), updated_at = now() where id = p_project
    returning ref_moves - jsonb_array_length(p_moves), org_id into v_first, v_org;
  perform private.record_repo_event(p_project, 'push', left(m.value ->> 'branch', 200) || ':' || (m.value ->> 'after') || ':' || v_first + m.n,
      jsonb_build_object('branch', m.value -> 'branch', 'commit', m.value -> 'after',
        'push', jsonb_build_object('before', m.value -> 'before', 'after', m.value -> 'after', 'commits', m.value -> 'commits'))
      || case when m.value ? 'paths' then jsonb_build_object('paths', m.value -> 'paths') else '{}' end)
    from jsonb_array_elements(p_moves) with ordinality m (value, n) where m.value ->> 'after' is not null order by m.n;
  delete from public.refs r using jsonb_array_elements(p_moves) m
    where r.project_id = p_project and r.name = m.value ->> 'branch' and m.value ->> 'after' is null;
  insert into public.refs (project_id, org_id, name, commit)
    select p_project, v_org, m.value ->> 'branch', m.value ->> 'after' from jsonb_array_elements(p_moves) m where m.value ->> 'after' is not null
    on conflict (project_id, name) do update set commit = excluded.commit, updated_at = now();
  update public.changes c set head_commit = m.value ->> 'after', updated_at = now() from jsonb_array_elements(p_moves) m
    where c.project_id = p_project and c.status = 'open' and c.head_branch = m.value ->> 'branch' and c.head_commit <> m.value ->> 'after';
  perform realtime.send(jsonb_build_object('projectId', p_project), 'repository_changed', 'project:' || p_project, true);
end $$;

revoke all on function private.act_as(text), private.event_actor(), private.record_repo_event(uuid, text, text, jsonb, int), private.author_name(uuid),
  private.change_payload(public.changes), private.issue_payload(public.issues), private.change_events(), private.issue_events(), private.comment_events(),
  private.check_events(), private.know_refs(uuid, jsonb), private.record_ref_moves(uuid, jsonb) from public, anon, authenticated;
grant execute on function private.act_as(text), private.know_refs(uuid, jsonb), private.record_ref_moves(uuid, jsonb) to service_role;

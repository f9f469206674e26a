-- The check that was started last decides whether its name has passed on a commit, not whichever ended last.
alter table public.checks
  /* The step of the run whose word this is; null for what a program reported. */
  add column step_id text;

/* The command steps of a run are checks of its commit. A dry run proves nothing, and what was skipped takes no verdict back.
   Whoever starts has the word from then on: the success of one that started earlier comes too late. A failure always counts,
   also over one that is still running, for the two ran on the same commit. What a re-run takes over was said before. */
create or replace function private.check_of_step() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs;
  v_step public.step_runs;
  v_name text;
  v_status text;
begin
  select * into v_run from public.runs where id = new.run_id;
  if v_run.kind <> 'workflow' or v_run.dry_run or v_run.commit !~ '^[0-9a-f]{40}([0-9a-f]{24})?$' then return null; end if;
  if new.event ->> 'type' = 'run.finished' then
    update public.checks set status = 'skipped', updated_at = now() where run_id = v_run.id and status in ('queued', 'running');
    return null;
  end if;
  select * into v_step from public.step_runs where run_id = new.run_id and step_id = new.event ->> 'stepId';
  if v_step.type is distinct from 'command' or new.event ? 'reusedFrom' then return null; end if;
  v_name := left(v_step.name, 200);
  v_status := case when new.event ->> 'type' = 'step.started' then 'running'
    else case new.event ->> 'status' when 'succeeded' then 'passed' when 'failed' then 'failed' else 'skipped' end end;
  if v_status <> 'failed' and v_step.started_at is not null and new.event ->> 'type' = 'step.finished' then
    update public.checks set status = v_status, updated_at = now()
      where project_id = v_run.project_id and commit = v_run.commit and name = v_name
        and run_id = v_run.id and step_id = v_step.step_id and status in ('queued', 'running');
    return null;
  end if;
  insert into public.checks as c (org_id, project_id, commit, name, status, run_id, step_id, source)
    values (v_run.org_id, v_run.project_id, v_run.commit, v_name, v_status, v_run.id, v_step.step_id, 'coder')
    on conflict (project_id, commit, name) do update
      set status = excluded.status, run_id = excluded.run_id, step_id = excluded.step_id, url = null, source = 'coder', updated_at = now()
      where excluded.status <> 'skipped';
  return null;
end $$;

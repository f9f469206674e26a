-- The decision to give a secret is audited as every decision is; this is the use itself, with the value's version.

create or replace function private.secrets_used(p_run uuid, p_step text, p_ids uuid[]) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs; v_row public.secrets;
begin
  select * into v_run from public.runs where id = p_run;
  for v_row in update public.secrets set last_used_at = clock_timestamp() where id = any (p_ids) and org_id = v_run.org_id returning * loop
    perform private.audit(v_run.org_id, jsonb_build_object('actor', 'run:' || p_run, 'action', 'secret.used', 'decision', 'allow',
      'rule', 'secrets.allowed', 'projectId', v_run.project_id, 'runId', p_run, 'stepId', p_step,
      'subject', jsonb_build_object('secret', v_row.name, 'environment', v_row.environment, 'version', v_row.version, 'givenAs', v_row.given_as)));
  end loop;
end $$;

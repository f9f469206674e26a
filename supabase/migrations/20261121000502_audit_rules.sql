-- What a run publishes is not allowed by a member's role.

/* Acts of administration, whichever way they were done. */
create or replace function private.audit_act() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_new jsonb := case when tg_op = 'DELETE' then null else to_jsonb(new) end;
  v_old jsonb := case when tg_op = 'INSERT' then null else to_jsonb(old) end;
  v_row jsonb := coalesce(v_new, v_old);
  v_org uuid := (v_row ->> 'org_id')::uuid;
  v_act jsonb;
  v_actor text;
  v_run uuid;
begin
  -- A token for all of its user's organisations is written into the log of their own.
  if tg_table_name = 'access_tokens' and v_org is null then
    select m.org_id into v_org from public.members m join public.orgs o on o.id = m.org_id
      where m.user_id = (v_row ->> 'user_id')::uuid and o.personal and m.role = 'owner' limit 1;
  end if;
  -- What goes with its organisation has no log to be written into.
  if not exists (select 1 from public.orgs where id = v_org) then return null; end if;
  v_act := case tg_table_name
    when 'members' then jsonb_build_object('action', case tg_op when 'INSERT' then 'member.add' when 'UPDATE' then 'member.role' else 'member.remove' end, 'rule', 'role:admin',
      'subject', jsonb_build_object('user', v_row -> 'user_id', 'role', v_new -> 'role', 'before', v_old -> 'role'))
    when 'access_tokens' then jsonb_build_object('action', case tg_op when 'INSERT' then 'token.make' else 'token.revoke' end, 'rule', 'role:member',
      'subject', jsonb_build_object('token', v_row -> 'id', 'name', v_row -> 'name', 'scope', v_row -> 'scope', 'user', v_row -> 'user_id'))
    when 'git_tokens' then jsonb_build_object('action', case tg_op when 'INSERT' then 'token.make' else 'token.revoke' end, 'rule', 'role:member',
      'projectId', v_row -> 'project_id', 'subject', jsonb_build_object('token', v_row -> 'id', 'name', v_row -> 'name', 'scope', v_row -> 'scope'))
    when 'projects' then jsonb_build_object('action', case tg_op when 'DELETE' then 'project.delete' else 'project.protection' end, 'rule', 'role:admin',
      'projectId', v_row -> 'id', 'subject', jsonb_build_object('slug', v_row -> 'slug', 'protected', v_new -> 'protect_default_branch'))
    when 'changes' then jsonb_build_object('action', 'change.' || (v_row ->> 'status'), 'rule', 'role:member', 'projectId', v_row -> 'project_id',
      'subject', jsonb_build_object('number', v_row -> 'number', 'head', v_row -> 'head_commit', 'merged', v_row -> 'merged_commit'))
    when 'sites' then jsonb_build_object('action', case
        when v_new ->> 'revoked_at' is not null then 'site.revoke'
        when (select d.created_at from public.deployments d where d.id = (v_new ->> 'current_deployment_id')::uuid)
          < (select d.created_at from public.deployments d where d.id = (v_old ->> 'current_deployment_id')::uuid) then 'site.rollback'
        else 'site.publish' end, 'rule', 'role:member', 'projectId', v_row -> 'project_id',
      'subject', jsonb_build_object('site', v_row -> 'id', 'slug', v_row -> 'slug', 'kind', v_row -> 'kind', 'deployment', v_row -> 'current_deployment_id', 'before', v_old -> 'current_deployment_id'))
  end;
  v_actor := private.actor();
  if tg_table_name = 'sites' and v_actor = 'system' then
    select d.run_id into v_run from public.deployments d where d.id = (v_new ->> 'current_deployment_id')::uuid;
    v_actor := coalesce('run:' || v_run, v_actor);
    -- That the run might is the entry before, with the clause of its file.
    if v_run is not null then v_act := v_act || '{"rule":"policies"}'; end if;
  end if;
  perform private.audit(v_org, v_act || jsonb_build_object('actor', v_actor, 'decision', 'allow', 'runId', v_run));
  return null;
end $$;

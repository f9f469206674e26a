-- What runs tell people: one row for each member, until they have read it and a while after.

create table public.notifications (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references public.orgs (id) on delete cascade,
  user_id uuid not null references public.profiles (id) on delete cascade,
  project_id uuid not null references public.projects (id) on delete cascade,
  run_id uuid not null references public.runs (id) on delete cascade,
  step_id text not null,
  message text not null check (length(message) between 1 and 5000),
  created_at timestamptz not null default clock_timestamp(),
  read_at timestamptz,
  -- A step that runs again after its worker's death tells nobody twice.
  unique (run_id, step_id, user_id)
);
create index notifications_user on public.notifications (user_id, created_at desc, id desc);

alter table public.notifications enable row level security;
create policy "a user sees their own notifications" on public.notifications for select to authenticated
  using (user_id = (select auth.uid()) and org_id in (select private.my_orgs()));
create policy "a user marks their own notifications" on public.notifications for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
revoke all on public.notifications from anon, authenticated;
grant select on public.notifications to authenticated;
grant update (read_at) on public.notifications to authenticated;

/* Tells every member of the run's organisation; pages that listen to it hear of it at commit.
   Returns the addresses for mail: owners, admins, and who started the run. */
create function private.notify_members(p_run uuid, p_step text, p_message text) returns setof text
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs;
begin
  select * into v_run from public.runs where id = p_run;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  insert into public.notifications (org_id, user_id, project_id, run_id, step_id, message)
    select v_run.org_id, m.user_id, v_run.project_id, p_run, p_step, p_message from public.members m where m.org_id = v_run.org_id
    on conflict (run_id, step_id, user_id) do nothing;
  perform realtime.send(jsonb_build_object('runId', p_run), 'notified', 'org:' || v_run.org_id, true);
  return query select p.email from public.members m join public.profiles p on p.id = m.user_id
    where m.org_id = v_run.org_id and p.email <> '' and (m.role in ('owner', 'admin') or m.user_id = v_run.created_by) order by p.email;
end $$;
revoke all on function private.notify_members(uuid, text, text) from public, anon, authenticated;
grant execute on function private.notify_members(uuid, text, text) to service_role;

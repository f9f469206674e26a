-- Credits: the most that something can cost is held before it is done, and what it did cost is spent after it.

/* What a run has reserved. Amounts are whole millicredits. */
create table public.holds (
  run_id uuid not null references public.runs (id) on delete cascade,
  /* Names the reservation within its run, so that a repeated one is the same: step, attempt, and what of it. */
  key text not null,
  org_id uuid not null references public.orgs (id) on delete cascade,
  step_id text not null,
  /* What is paid for, such as "command". */
  item text not null,
  /* The most that it can cost. */
  amount bigint not null check (amount > 0),
  /* What was spent and held beside it when it was granted: what policy was asked. */
  spent_before bigint not null check (spent_before >= 0),
  held_before bigint not null check (held_before >= 0),
  /* "released" costs nothing, and may be held again; "settled" has been paid. */
  status text not null default 'held' check (status in ('held', 'settled', 'released')),
  spent bigint not null default 0 check (spent between 0 and amount and (spent > 0) = (status = 'settled')),
  created_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (run_id, key)
);
create index holds_org_id on public.holds (org_id);

alter table public.holds enable row level security;
create policy "members see holds" on public.holds for select to authenticated using (org_id in (select private.my_orgs()));
revoke all on public.holds from anon, authenticated;
grant select on public.holds to authenticated;

/* Locks a run's row as everybody who writes to it does, for a worker that holds its lease (else errcode 55000). */
create function private.lock_run(p_run uuid, p_worker text) returns public.runs
  language plpgsql security definer set search_path = ''
  as $$
declare v_run public.runs;
begin
  select * into v_run from public.runs where id = p_run for update;
  if v_run.id is null then raise exception 'Run % not found', p_run using errcode = 'P0002'; end if;
  perform 1 from public.workers where id = p_worker for share;
  if not found then raise exception 'Worker % is fenced: its lease is lost', p_worker using errcode = '55000'; end if;
  return v_run;
end $$;

/* Holds p_amount for a step, unless what the run has spent and holds already would pass p_max with it (null: no budget).
   The same key again is the same reservation, and is answered as it was: one that was settled has been paid.
   Answers { granted, spent, held }, the last two as they were without it. */
create function private.reserve_credits(p_run uuid, p_step text, p_key text, p_item text, p_amount bigint, p_max bigint, p_worker text) returns jsonb
  language plpgsql security definer set search_path = ''
  as $$
declare
  v_run public.runs := private.lock_run(p_run, p_worker);
  v_hold public.holds;
  v_spent bigint;
  v_held bigint;
begin
  if v_run.status in ('succeeded', 'failed', 'canceled') then raise exception 'Run % has ended: it spends nothing any more', p_run; end if;
  select * into v_hold from public.holds where run_id = p_run and key = p_key;
  if v_hold.status in ('held', 'settled') then
    return jsonb_build_object('granted', true, 'spent', v_hold.spent_before, 'held', v_hold.held_before);
  end if;
  select coalesce(sum(spent), 0), coalesce(sum(amount) filter (where status = 'held'), 0) into v_spent, v_held
    from public.holds where run_id = p_run;
  if v_spent + v_held + p_amount > p_max then
    return jsonb_build_object('granted', false, 'spent', v_spent, 'held', v_held);
  end if;
  insert into public.holds (run_id, key, org_id, step_id, item, amount, spent_before, held_before)
    values (p_run, p_key, v_run.org_id, p_step, p_item, p_amount, v_spent, v_held)
    on conflict (run_id, key) do update set item = excluded.item, amount = excluded.amount, spent_before = excluded.spent_before,
      held_before = excluded.held_before, status = 'held', ended_at = null;
  return jsonb_build_object('granted', true, 'spent', v_spent, 'held', v_held);
end $$;

/* Ends a hold with what it did cost, at most what was held; nothing releases it. What has ended stays as it is.
   What is spent is an event of the run. */
create function private.settle_credits(p_run uuid, p_key text, p_spent bigint, p_worker text) returns void
  language plpgsql security definer set search_path = ''
  as $$
declare v_hold public.holds;
begin
  perform private.lock_run(p_run, p_worker);
  update public.holds set spent = least(p_spent, amount), status = case when p_spent > 0 then 'settled' else 'released' end, ended_at = clock_timestamp()
    where run_id = p_run and key = p_key and status = 'held' returning * into v_hold;
  if v_hold.spent > 0 then
    perform private.append_run_events(p_run, jsonb_build_array(jsonb_build_object('key', 'credits:' || p_key, 'event', jsonb_build_object(
      'type', 'credits.spent', 'stepId', v_hold.step_id, 'item', v_hold.item, 'millicredits', v_hold.spent))), p_worker);
  end if;
end $$;

/* Nothing of an ended run is held. */
create function private.release_holds() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
begin
  update public.holds set status = 'released', ended_at = clock_timestamp() where run_id = new.id and status = 'held';
  return null;
end $$;
create trigger release_holds after update of status on public.runs for each row
  when (new.status in ('succeeded', 'failed', 'canceled') and old.status is distinct from new.status)
  execute function private.release_holds();

/* Counts that a step's work begins, before it begins, and stores its events, in one round trip. What the step holds then is of
   a worker that died in it: what that cost is unknown, so it costs nothing. Answers how often it has begun, whether the run was
   asked to stop or has ended, the prices that the run began with, and where every step of the run is. */
create or replace function private.begin_step(p_run uuid, p_step text, p_events jsonb, p_worker text) returns jsonb
  language plpgsql security definer set search_path = ''
  as $$
declare v_execs int;
begin
  -- The events' writer locks the run's row first; so must we.
  perform private.append_run_events(p_run, p_events, p_worker);
  update public.step_runs set execs = execs + 1 where run_id = p_run and step_id = p_step returning execs into v_execs;
  if v_execs is null then raise exception 'Step % of run % is not in step_runs', p_step, p_run using errcode = 'P0002'; end if;
  if v_execs > 1 then
    update public.holds set status = 'released', ended_at = clock_timestamp() where run_id = p_run and step_id = p_step and status = 'held';
  end if;
  return (
    select jsonb_build_object('execs', v_execs, 'cancelRequested', r.cancel_requested_at is not null,
      'finished', r.status in ('succeeded', 'failed', 'canceled'),
      'prices', (select e.event -> 'prices' from public.run_events e where e.run_id = p_run and e.key = 'run.started'),
      'steps', (select jsonb_agg(jsonb_build_object('step_id', s.step_id, 'type', s.type, 'status', s.status, 'execs', s.execs, 'outputs', s.outputs) order by s.position)
        from public.step_runs s where s.run_id = p_run))
    from public.runs r where r.id = p_run);
end $$;

revoke all on function private.lock_run(uuid, text), private.reserve_credits(uuid, text, text, text, bigint, bigint, text),
  private.settle_credits(uuid, text, bigint, text), private.release_holds() from public, anon, authenticated;
grant execute on function private.reserve_credits(uuid, text, text, text, bigint, bigint, text), private.settle_credits(uuid, text, bigint, text) to service_role;

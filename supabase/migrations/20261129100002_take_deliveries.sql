-- Deliveries are taken when there are any, as runs are, instead of being looked for twenty times a second.

/* Gives a worker up to p_limit deliveries that nobody works on, the oldest first. Claimed as in take_runs. */
create function private.take_deliveries(p_worker text, p_claim text, p_limit int) returns setof text
  language sql security definer set search_path = ''
  as $$
  with chosen as (
    select workflow_uuid from dbos.workflow_status where queue_name = 'deliveries' and status = 'ENQUEUED'
    order by created_at limit p_limit for update skip locked
  )
  update dbos.workflow_status s set status = 'PENDING', executor_id = p_worker, owner_xid = p_claim, queue_name = null,
      application_version = (select version from public.workers where id = p_worker),
      started_at_epoch_ms = (extract(epoch from now()) * 1000)::bigint, updated_at = (extract(epoch from now()) * 1000)::bigint,
      recovery_attempts = recovery_attempts + 1
    from chosen where s.workflow_uuid = chosen.workflow_uuid and exists (select 1 from public.workers where id = p_worker)
    returning s.workflow_uuid
$$;

create function private.offer_deliveries() returns trigger
  language plpgsql security definer set search_path = ''
  as $$
begin
  perform pg_notify('coder_deliveries', '');
  return null;
end $$;
create trigger offer_deliveries after insert on public.deliveries for each statement execute function private.offer_deliveries();

revoke all on function private.take_deliveries(text, text, int), private.offer_deliveries() from public, anon, authenticated;
grant execute on function private.take_deliveries(text, text, int) to service_role;

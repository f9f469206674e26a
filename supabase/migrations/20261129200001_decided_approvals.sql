-- Decided approvals of every project of an organisation, the last asked for first.
create index approvals_org on public.approvals (org_id, requested_at desc);

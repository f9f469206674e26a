-- Access tokens in the audit log, as git tokens are (private.audit_act).
create trigger audit_act after insert on public.access_tokens for each row execute function private.audit_act();
create trigger audit_revoked after update of revoked_at on public.access_tokens for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function private.audit_act();

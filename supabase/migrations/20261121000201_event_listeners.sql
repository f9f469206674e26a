-- Events of the repository that somebody waits for are known as well, so that what happens often and interests nobody
-- (the end of every check) need not be a delivery.
alter table public.trigger_listeners drop constraint trigger_listeners_type_check;
alter table public.trigger_listeners add constraint trigger_listeners_type_check check (type in ('webhook', 'workflow', 'repo_event'));

-- The search for runs by name asks each name that a project's runs have had, of which there are few, for its newest runs.

create index runs_project_name on public.runs (project_id, workflow_path, name, created_at desc, id desc);

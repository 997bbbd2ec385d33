-- Trained runs with their documents.

create table if not exists model_run (
  run_id text primary key check (run_id ~ '^[0-9]{8}_[0-9]{6}$'),
  strategy text not null,
  artifact_uri text not null,
  artifact_sha256 text not null,
  manifest jsonb not null,
  policy jsonb not null,
  created_at timestamptz not null default now()
);

-- The registry of trained models: every run, what serves from which slot, and how that came about.

create table if not exists model_run (
  run_id text primary key check (run_id ~ '^[0-9]{8}_[0-9]{6}$'),
  strategy text not null,
  artifact_uri text not null,
  artifact_sha256 text not null,
  manifest jsonb not null,
  policy jsonb not null,
  created_at timestamptz not null default now()
);

create table if not exists policy_slot (
  slot text primary key check (slot in ('default', 'blue', 'green')),
  current_run_id text references model_run (run_id),
  previous_run_id text references model_run (run_id),
  active boolean not null default false,
  updated_at timestamptz not null default now()
);
create unique index if not exists idx_policy_slot_active on policy_slot (active) where active;

create table if not exists policy_history (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  action text not null,
  slot text not null,
  run_id text,
  previous_run_id text,
  actor text not null,
  detail jsonb not null default '{}'
);

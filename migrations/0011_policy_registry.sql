-- Which trained run serves: slots, the one that is active, the shadow beside it, and what every worker has loaded.

create table if not exists policy_slot (
  slot text primary key check (slot in ('default', 'blue', 'green')),
  current_run text,
  previous_run text,
  promoted_at timestamptz,
  promoted_by text
);
insert into policy_slot (slot) values ('default'), ('blue'), ('green') on conflict do nothing;

-- One row. `version` grows with every change, and workers follow it; with a new `generation` they read files anew.
create table if not exists policy_state (
  active_slot text not null default 'default' references policy_slot (slot),
  shadow_run text,
  shadow_rollout double precision not null default 0 check (shadow_rollout between 0 and 1),
  version bigint not null default 0,
  generation bigint not null default 0
);
create unique index if not exists idx_policy_state_single on policy_state ((true));
insert into policy_state (active_slot) values ('default') on conflict do nothing;

-- Rows are only ever added.
create table if not exists policy_history (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  action text not null,
  slot text,
  run_id text,
  previous_run_id text,
  actor text not null,
  version bigint not null
);

-- What each http worker answers by; a worker that is gone stops saying so.
create table if not exists policy_worker (
  worker text primary key,
  version bigint not null,
  error text,
  seen_at timestamptz not null default now()
);

-- The transactional outbox and the consumer's markers.

create table if not exists event_outbox (
  id bigint generated always as identity primary key,
  event_id text not null,
  event_type text not null check (event_type in ('impression', 'watch')),
  kafka_topic text not null,
  kafka_key text not null,
  payload jsonb not null,
  status text not null default 'pending' check (status in ('pending', 'publishing', 'published', 'dead')),
  attempt_count int not null default 0,
  max_attempts int not null default 25 check (max_attempts > 0),
  next_attempt_at timestamptz not null default now(),
  lease_expires_at timestamptz,
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  published_at timestamptz,
  partition smallint not null,
  headers jsonb,
  publish_epoch bigint,
  unique (event_id, event_type)
);
-- Rows from before the partitions have no known place; they all go through the first one, in order.
alter table event_outbox add column if not exists partition smallint not null default 0;
alter table event_outbox alter column partition drop default;
alter table event_outbox add column if not exists headers jsonb;
alter table event_outbox add column if not exists publish_epoch bigint;

-- This table is on the write path: no further index without a measured query that needs it.
create index if not exists idx_event_outbox_dispatch on event_outbox (id)
  where published_at is null and status = 'pending';
create index if not exists idx_event_outbox_dead on event_outbox (id) where status = 'dead';
create index if not exists idx_event_outbox_published_at on event_outbox (published_at)
  where published_at is not null;

create table if not exists feature_event_consumed (
  stream_event_id text primary key,
  source_topic text not null,
  source_partition int not null,
  source_offset bigint not null,
  consumed_at timestamptz not null default now()
);
create index if not exists idx_feature_event_consumed_topic_partition_offset
  on feature_event_consumed (source_topic, source_partition, source_offset desc);
create index if not exists idx_feature_event_consumed_consumed_at on feature_event_consumed (consumed_at);

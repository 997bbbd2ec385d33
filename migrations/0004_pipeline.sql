-- Idempotency ledger, relay leases, embedded event log, consumer progress, catalogue, exposure.

create table if not exists ingested_event (
  event_id text not null,
  event_type text not null check (event_type in ('direct', 'impression', 'watch')),
  body_hash bytea not null,
  received_at timestamptz not null default now(),
  primary key (event_id, event_type)
) partition by hash (event_id);
create table if not exists ingested_event_0 partition of ingested_event for values with (modulus 8, remainder 0);
create table if not exists ingested_event_1 partition of ingested_event for values with (modulus 8, remainder 1);
create table if not exists ingested_event_2 partition of ingested_event for values with (modulus 8, remainder 2);
create table if not exists ingested_event_3 partition of ingested_event for values with (modulus 8, remainder 3);
create table if not exists ingested_event_4 partition of ingested_event for values with (modulus 8, remainder 4);
create table if not exists ingested_event_5 partition of ingested_event for values with (modulus 8, remainder 5);
create table if not exists ingested_event_6 partition of ingested_event for values with (modulus 8, remainder 6);
create table if not exists ingested_event_7 partition of ingested_event for values with (modulus 8, remainder 7);
-- Rows arrive in time order, so a block-range index finds the old ones at almost no cost to the writes.
create index if not exists idx_ingested_event_received_at on ingested_event using brin (received_at);

create table if not exists outbox_partition (
  partition smallint primary key,
  owner text,
  epoch bigint not null default 0,
  lease_until timestamptz not null default 'epoch'
);

create table if not exists outbox_relay_member (
  relay_id text primary key,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  weight int not null default 1,
  in_flight int not null default 0
);

create table if not exists outbox_counter (
  partition smallint primary key,
  published bigint not null default 0
);

create table if not exists event_log_topic (
  topic text primary key,
  topic_id text not null,
  partitions int not null check (partitions > 0),
  created_at timestamptz not null default now()
);

-- The row an append locks: it gives the next offset of its partition.
create table if not exists event_log_partition (
  topic text not null,
  partition int not null,
  next_offset bigint not null default 0,
  primary key (topic, partition)
);

create table if not exists event_log (
  topic text not null,
  partition int not null,
  "offset" bigint not null,
  key bytea,
  value bytea,
  headers jsonb,
  ts timestamptz not null default now(),
  primary key (topic, partition, "offset")
);

create table if not exists event_log_offset (
  "group" text not null,
  topic text not null,
  partition int not null,
  next_offset bigint not null default 0,
  generation bigint not null default 0,
  owner text,
  lease_until timestamptz not null default 'epoch',
  primary key ("group", topic, partition)
);

create table if not exists event_log_member (
  "group" text not null,
  member text not null,
  heartbeat_at timestamptz not null default now(),
  primary key ("group", member)
);

create table if not exists consumer_offset (
  consumer text not null,
  topic text not null,
  topic_id text not null,
  partition int not null,
  next_offset bigint not null default 0,
  generation bigint not null default 0,
  primary key (consumer, topic, topic_id, partition)
);

create table if not exists consumer_retry (
  topic text not null,
  topic_id text not null,
  partition int not null,
  "offset" bigint not null,
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  last_error text,
  in_progress_since timestamptz,
  primary key (topic, topic_id, partition, "offset")
);

create table if not exists items (
  item_id text primary key,
  title text,
  price double precision,
  cover_image text,
  category text,
  author text,
  tags text[] not null default '{}',
  verified boolean not null default false,
  published_at timestamptz,
  hidden boolean not null default false,
  attributes jsonb not null default '{}',
  version bigint not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists item_exposure (
  item_id text primary key,
  impressions bigint not null default 0,
  by_position bigint[20] not null default array_fill(0::bigint, array[20]),
  updated_at timestamptz not null default now()
);

-- A binary of a schema generation below these refuses to write, or to start.
create table if not exists schema_info (
  min_reader int not null,
  min_writer int not null
);
create unique index if not exists idx_schema_info_single on schema_info ((true));
insert into schema_info (min_reader, min_writer) values (1, 1) on conflict do nothing;

-- Records that the feature consumer gave up on.

create table if not exists feature_consumer_dlq (
  id bigint generated always as identity primary key,
  source_topic text not null,
  source_partition int not null,
  source_offset bigint not null,
  kafka_key text not null default '',
  payload jsonb not null,
  error_text text not null,
  retry_count int not null check (retry_count > 0),
  replay_count int not null default 0 check (replay_count >= 0),
  last_replay_error text,
  status text not null default 'pending' check (status in ('pending', 'replayed')),
  first_failed_at timestamptz not null default now(),
  last_failed_at timestamptz not null default now(),
  replayed_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  topic_id text not null default '',
  event_id text,
  user_key_hash text,
  source_ts timestamptz,
  error_class text not null,
  stack_hash text,
  raw_value bytea,
  headers jsonb,
  traceparent text,
  node text not null default '',
  app_version text not null default '',
  replay_generation int not null default 0,
  replay_lease_until timestamptz,
  resolved_by text,
  note text
);
alter table feature_consumer_dlq
  add column if not exists topic_id text not null default '',
  add column if not exists event_id text,
  add column if not exists user_key_hash text,
  add column if not exists source_ts timestamptz,
  add column if not exists error_class text not null default 'unknown',
  add column if not exists stack_hash text,
  add column if not exists raw_value bytea,
  add column if not exists headers jsonb,
  add column if not exists traceparent text,
  add column if not exists node text not null default '',
  add column if not exists app_version text not null default '',
  add column if not exists replay_generation int not null default 0,
  add column if not exists replay_lease_until timestamptz,
  add column if not exists resolved_by text,
  add column if not exists note text;

-- A recreated topic counts its offsets from the start again, so the older key without the topic's id must go.
do $$
declare
  old_key text;
begin
  for old_key in
    select c.conname
      from pg_constraint c
      cross join lateral unnest(c.conkey) as k (attnum)
      join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
      where c.conrelid = 'feature_consumer_dlq'::regclass and c.contype = 'u'
      group by c.conname
      having array_agg(a.attname::text order by a.attname)
        = array['source_offset', 'source_partition', 'source_topic']
  loop
    execute format('alter table feature_consumer_dlq drop constraint %I', old_key);
  end loop;
end
$$;
create unique index if not exists idx_feature_consumer_dlq_source
  on feature_consumer_dlq (source_topic, source_partition, source_offset, topic_id);
create index if not exists idx_feature_consumer_dlq_status_id on feature_consumer_dlq (status, id);
create index if not exists idx_feature_consumer_dlq_topic_status on feature_consumer_dlq (source_topic, status, id);

-- Facts and baseline features, and the repair of databases that are older than the migrations.

create table if not exists events (
  id bigint generated always as identity primary key,
  event_id text not null,
  user_id text not null,
  item_id text not null,
  event_type text not null check (event_type in ('view', 'click', 'purchase')),
  ts timestamptz not null
);
alter table events add column if not exists event_id text;
update events set event_id = 'legacy-' || id where event_id is null;
alter table events alter column event_id set not null;
create unique index if not exists idx_events_event_id on events (event_id);
create index if not exists idx_events_user_ts on events (user_id, ts desc);
create index if not exists idx_events_item_ts on events (item_id, ts desc);

create table if not exists item_popularity (
  item_id text primary key,
  score bigint not null default 0,
  updated_at timestamptz not null default now()
);
create index if not exists idx_item_popularity_score on item_popularity (score desc);

create table if not exists user_history (
  user_id text not null,
  pos bigint not null,
  item_id text not null,
  ts timestamptz not null,
  primary key (user_id, pos)
);
create index if not exists idx_user_history_user_pos on user_history (user_id, pos desc);

create table if not exists co_visitation (
  prev_item_id text not null,
  next_item_id text not null,
  cnt bigint not null default 0,
  primary key (prev_item_id, next_item_id)
);
create index if not exists idx_co_prev_cnt on co_visitation (prev_item_id, cnt desc);

create table if not exists impressions (
  event_id text not null,
  user_id text not null,
  session_id text not null,
  request_id text not null,
  ts_ms bigint not null,
  server_received_ts_ms bigint,
  item_id text not null,
  position int not null,
  feed_id text,
  slot text,
  context jsonb,
  created_at timestamptz not null default now(),
  constraint impressions_pkey primary key (event_id, position)
);
alter table impressions add column if not exists server_received_ts_ms bigint;

-- One event may show one item at several positions: older tables have another key and may hold repeated rows.
do $$
declare
  key_name text;
  key_columns text[];
begin
  select c.conname, array_agg(a.attname::text order by k.place)
    into key_name, key_columns
    from pg_constraint c
    cross join lateral unnest(c.conkey) with ordinality as k (attnum, place)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
    where c.conrelid = 'impressions'::regclass and c.contype = 'p'
    group by c.conname;
  if key_columns is distinct from array['event_id', 'position'] then
    if key_name is not null then
      execute format('alter table impressions drop constraint %I', key_name);
    end if;
    delete from impressions later using impressions earlier
      where later.event_id = earlier.event_id and later.position = earlier.position and later.ctid > earlier.ctid;
    alter table impressions add constraint impressions_pkey primary key (event_id, position);
  end if;
end
$$;
create index if not exists idx_impressions_user_ts on impressions (user_id, ts_ms desc);
create index if not exists idx_impressions_request on impressions (request_id);
create index if not exists idx_impressions_ts on impressions (ts_ms);

create table if not exists watches (
  event_id text primary key,
  user_id text not null,
  session_id text not null,
  request_id text not null,
  item_id text not null,
  ts_ms bigint not null,
  server_received_ts_ms bigint,
  watch_time_sec double precision not null,
  percent_watched double precision,
  ended boolean,
  playback_speed double precision,
  rebuffer_count int,
  context jsonb,
  created_at timestamptz not null default now()
);
alter table watches add column if not exists server_received_ts_ms bigint;
create index if not exists idx_watches_user_ts on watches (user_id, ts_ms desc);
create index if not exists idx_watches_request on watches (request_id);
create index if not exists idx_watches_ts on watches (ts_ms);

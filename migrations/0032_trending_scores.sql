-- How much an item is on the way up, recomputed hourly, and what finds the signals of the last hour or day.

create table if not exists item_trending (
  item_id text primary key,
  score double precision not null,
  parts jsonb not null,
  computed_at timestamptz not null default now()
);
create index if not exists idx_item_trending_score on item_trending (score desc);

-- Events come nearly in the order of their times: a block-range index finds the newest at almost no cost to the writes.
create index if not exists idx_events_ts on events using brin (ts);

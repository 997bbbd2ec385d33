-- Every slate that GET /reco served, with what it was made from, for explanations and replays. Both tables have a
-- partition a day (UTC), made by whoever stores the first slate of a day; old days are dropped as a whole.

create table if not exists served_slates (
  request_id text not null,
  served_at timestamptz not null,
  user_id text not null,
  session_id text not null,
  surface text not null,
  k int not null,
  policy text not null,
  model_version text not null,
  variant text not null,
  experiment text,
  degraded text,
  strategy text not null,
  seed text,
  -- What the caller asked for beside k: exclude, filter, boost.
  request jsonb not null,
  -- In order: id, position, score, propensity, sources, whether exploration drew it.
  items jsonb not null,
  features_id text,
  primary key (request_id, served_at)
) partition by range (served_at);

-- A kept list is answered many times from the same features: they are stored once, and slates name them.
create table if not exists slate_features (
  features_id text not null,
  served_at timestamptz not null,
  -- A zstd frame; null where it would have been too large.
  features bytea,
  primary key (features_id, served_at)
) partition by range (served_at);
alter table slate_features alter column features set storage external;

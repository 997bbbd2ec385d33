-- What operators changed. Rows are only ever added; each carries the hash of the row before it.

create table if not exists audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  ip_prefix text,
  action text not null,
  object text not null,
  before_hash text,
  after_hash text,
  request_id text,
  result text not null,
  prev_hash bytea,
  hash bytea not null
);

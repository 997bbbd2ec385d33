-- Ranked lists that GET /reco continues page by page, for whichever worker of whichever node gets the next call. A list
-- lives five minutes, so it is not worth a log: after a crash of the server cursors are refused, and clients begin anew.

create unlogged table if not exists kept_list (
  list_id bytea primary key,
  -- A digest of whose list it is; no user's id stands here.
  owner text not null,
  expires_at timestamptz not null,
  -- JSON: the policy that made it, and its rules.
  policy text not null,
  -- JSON: ids, best first.
  item_ids text not null,
  -- 64-bit floats, least significant byte first: one an item, and one an item and source.
  scores bytea not null,
  source_scores bytea not null
);
-- Floats do not compress.
alter table kept_list alter column scores set storage external;
alter table kept_list alter column source_scores set storage external;
create index if not exists idx_kept_list_expires on kept_list (expires_at);

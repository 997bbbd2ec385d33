-- What the online verifier needs: where it stands, what it found, and indexes that bound what a look-up costs.

-- True for what an import stored past the outbox, without a stream that would have to bring it to the features.
alter table ingested_event add column if not exists imported boolean;

-- The verifier looks for the newest rows, which a block-range index finds only in ranges that were summarised.
do $$
declare
  leaf regclass;
begin
  for leaf in select inhrelid from pg_inherits where inhparent = 'idx_ingested_event_received_at'::regclass loop
    execute format('alter index %s set (autosummarize = on)', leaf);
  end loop;
end
$$;

-- A letter names its event by the outbox's header or, where there is none, by its own value.
create index if not exists idx_feature_consumer_dlq_pending_event
  on feature_consumer_dlq ((coalesce(headers->>'event_id', event_id))) where status = 'pending';

-- Everything before `position` was verified; what is older than `since` came from builds that left too little trace.
create table if not exists verifier_cursor (
  name text primary key,
  since timestamptz not null default now(),
  position timestamptz not null default now(),
  width_ms bigint not null default 60000
);
insert into verifier_cursor (name)
values ('acknowledged'), ('acknowledged_again'), ('published'), ('published_again')
on conflict do nothing;

-- Events that are unaccounted for; a row goes when its event is found again.
create table if not exists verifier_finding (
  event_id text not null,
  event_type text not null,
  reason text not null check (reason in ('fact', 'outbox', 'effect', 'features')),
  found_at timestamptz not null default now(),
  primary key (event_id, event_type)
);

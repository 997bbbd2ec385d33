-- Users, the items they do not want to see, and what serving needs to follow both.

create schema if not exists profiles;

create table if not exists profiles.users (
  id text primary key,
  email text,
  email_verified boolean not null default false,
  attributes jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists user_hidden_items (
  user_id text not null,
  item_id text not null,
  until timestamptz,
  created_at timestamptz not null default now(),
  primary key (user_id, item_id)
);
-- Serving asks twice a second who hid something lately, and which items came to be hidden or shown.
create index if not exists idx_user_hidden_items_created_at on user_hidden_items (created_at);
create index if not exists idx_items_updated_at on items (updated_at);
create index if not exists idx_items_hidden on items (item_id) where hidden;

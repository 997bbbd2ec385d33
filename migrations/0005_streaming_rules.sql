-- Features of the better engine, filled from the events of an installation that had none of them.

-- Pages keep room for the next version of a row: measured, the rules that are counted again then cost less than the
-- space does. No index on w or score: they would cost every event more than they give to reads every few seconds.
create table if not exists seq_rule (
  prev_item_id text not null,
  next_item_id text not null,
  w double precision not null,
  n bigint not null,
  updated_at timestamptz not null default now(),
  primary key (prev_item_id, next_item_id)
) with (fillfactor = 90);

create table if not exists item_decay (
  item_id text primary key,
  score double precision not null,
  updated_at timestamptz not null default now()
);

-- The half-life that all scores of item_decay have in common.
create table if not exists item_decay_basis (
  half_life_hours double precision not null check (half_life_hours > 0)
);
create unique index if not exists idx_item_decay_basis_single on item_decay_basis ((true));
insert into item_decay_basis (half_life_hours) values (8760) on conflict do nothing;

insert into seq_rule (prev_item_id, next_item_id, w, n)
select e.item_id, later.item_id, sum(60 / later.step)::float8 / 60, count(*)
from (
  select item_id, lead(item_id, 1) over own as first, lead(item_id, 2) over own as second,
    lead(item_id, 3) over own as third, lead(item_id, 4) over own as fourth, lead(item_id, 5) over own as fifth
  from events
  window own as (partition by user_id order by ts, id)
) as e
cross join lateral (
  values (1, e.first), (2, e.second), (3, e.third), (4, e.fourth), (5, e.fifth)
) as later(step, item_id)
where later.item_id <> e.item_id
group by e.item_id, later.item_id
on conflict do nothing;

insert into item_decay (item_id, score)
select item_id, newest + ln(sum(weight * power(2::float8, greatest(age - newest, -1000)))) / ln(2::float8)
from (
  select item_id, age, max(age) over (partition by item_id) as newest,
    case event_type when 'view' then 1 when 'click' then 3 else 10 end as weight
  from (
    select item_id, event_type, extract(epoch from ts - timestamptz '2020-01-01 00:00:00+00')::float8 / 3600 / half_life_hours as age
    from events, item_decay_basis
  ) as aged
) as weighed
group by item_id, newest
on conflict do nothing;

-- Events of 50,000 users over 10,000 items in the last week, and the features that follow from them.
-- Items form 200 clusters. A user has sessions of 5 events; a session stays in one of the user's 3 clusters, but for every
-- fifth event, which goes to any item. Clusters, and items within them and overall, differ in popularity.

select setseed(0.42);

insert into items (item_id, title, category)
select 'item-' || i, 'Item ' || i, 'cluster-' || i / 50 from generate_series(0, :items - 1) as i;

create temporary table favourite as
select u, place, floor(200 * power(random(), 2))::int as cluster
from generate_series(0, :users - 1) as u, generate_series(0, 2) as place;
create index on favourite (u, place);

-- As many sessions as make the wanted number of events a user on average, from 1 to twice that.
create temporary table visit as
select u, visit, floor(3 * random())::int as place, now() - interval '15 minutes' - random() * interval '7 days' as started_at
from (
  select u, (1 + floor(random() * (2 * :events_per_user / 5 - 1)))::int as visits from generate_series(0, :users - 1) as u
) as users
cross join lateral generate_series(1, visits) as visit;

insert into events (event_id, user_id, item_id, event_type, ts)
select 'seed-' || row_number() over (), 'user-' || v.u,
  'item-' || case
    when random() < 0.8 then f.cluster * 50 + floor(50 * power(random(), 2))::int
    else floor(:items * power(random(), 3))::int
  end,
  case when chance < 0.7 then 'view' when chance < 0.95 then 'click' else 'purchase' end,
  started_at + step * interval '2 minutes'
from visit v
join favourite f using (u, place)
cross join lateral (select step, random() as chance, v.u from generate_series(1, 5) as step) as steps
order by started_at;

insert into item_popularity (item_id, score)
select item_id, sum(case event_type when 'view' then 1 when 'click' then 3 else 10 end)
from events group by item_id;

insert into user_history (user_id, pos, item_id, ts)
select user_id, row_number() over (partition by user_id order by ts, id), item_id, ts
from (
  select *, row_number() over (partition by user_id order by ts desc, id desc) as age from events
) as aged
where age <= 20;

insert into co_visitation (prev_item_id, next_item_id, cnt)
select item_id, next_item_id, count(*)
from (
  select item_id, lead(item_id) over (partition by user_id order by ts, id) as next_item_id from events
) as pairs
where next_item_id is not null
group by item_id, next_item_id;

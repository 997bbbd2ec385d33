/** Recomputes how much each item is on the way up. */

import type { Deadline } from "../../core/deadline.ts";
import type { Pool, Transaction } from "./pool-types.ts";

const EVERY_HOURS = 1;

/** Does nothing while the scores are younger than an hour. Answers how many items have none any more. */
export async function refreshTrendingScores(pool: Pool, deadline: Deadline): Promise<number> {
  const [state] = await pool.use(
    "read",
    deadline,
    (sql) => sql<{ fresh: boolean | null }[]>`
      select min(computed_at) > now() - make_interval(hours => ${EVERY_HOURS}::int) as fresh from item_trending`,
  );
  if (state?.fresh) return 0;
  return pool.transaction("write", deadline, computeTrendingScores);
}

/**
 * Per item, over everything stored: up = purchase signals, down = users who hide it, views, citations = items that name it in
 * `attributes.cites`, uses = its collections.
 *
 * score = 0.3 (10 up - 5 down + 0.1 views) + 0.2 (share of up in up and down, in percent; 50 without any)
 *       + 0.4 (20 citations + 15 uses) + 10 exp(-age / 30 days), times 1.2 for a verified item.
 *
 * An item that is not in the catalogue has no age; hidden items have no score.
 */
export async function computeTrendingScores(tx: Transaction): Promise<number> {
  // As long as the deadline allows: it walks all events.
  await tx`set local statement_timeout = 0`;
  await tx`
    insert into item_trending (item_id, score, parts, computed_at)
    select item_id, (signals + share + named + newness) * trust,
      jsonb_build_object(
        'signals', signals, 'share', share, 'references', named, 'newness', newness, 'verified', trust
      ),
      now()
    from (
      select item_id,
        0.3 * (10 * up - 5 * down + 0.1 * views) as signals,
        0.2 * case when up + down > 0 then up / (up + down) * 100 else 50 end as share,
        0.4 * (20 * citations + 15 * uses) as named,
        coalesce(10 * exp(-greatest(age_days, 0) / 30), 0) as newness,
        case when verified then 1.2 else 1 end as trust
      from (
        select item_id, coalesce(up, 0)::float8 as up, coalesce(views, 0)::float8 as views,
          coalesce(down, 0)::float8 as down, coalesce(citations, 0)::float8 as citations,
          coalesce(verified, false) as verified, least(age_days, 10000) as age_days,
          case when jsonb_typeof(attributes -> 'collections') = 'array'
            then jsonb_array_length(attributes -> 'collections') else 0 end::float8 as uses
        from (
          select item_id, verified, hidden, attributes,
            date_part('epoch', now() - coalesce(published_at, created_at)) / 86400 as age_days
          from items
        ) as i
        full join (
          select item_id, count(*) filter (where event_type = 'purchase') as up,
            count(*) filter (where event_type = 'view') as views
          from events group by item_id
        ) as e using (item_id)
        left join (select item_id, count(*) as down from user_hidden_items group by item_id) as h using (item_id)
        left join (
          select cited as item_id, count(distinct citing) as citations
          from (
            select i.item_id as citing, jsonb_array_elements_text(i.attributes -> 'cites') as cited
            from items i where jsonb_typeof(i.attributes -> 'cites') = 'array'
          ) as pairs
          where cited <> citing
          group by cited
        ) as c using (item_id)
        where not coalesce(hidden, false)
      ) as facts
    ) as weighed
    on conflict (item_id) do update
      set score = excluded.score, parts = excluded.parts, computed_at = excluded.computed_at`;
  const { count } = await tx`delete from item_trending where computed_at < now()`;
  return count;
}

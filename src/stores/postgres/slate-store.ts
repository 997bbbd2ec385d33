/** Keeps served slates and what they were made from, by day. */

import type {
  ItemStanding,
  NewFeatures,
  NewSlate,
  ServedSlate,
  SlateBatch,
  SlateStore,
  SlateWishes,
  StoredFeatures,
  StoredSlate,
} from "../../recommend/slates/slate.ts";
import { readItems, type WrittenItems } from "../../recommend/slates/written-items.ts";
import { numberArray, textArray } from "./array-literal.ts";
import { daysMs } from "./maintenance-batch.ts";
import type { Connection, Pool, Transaction } from "./pool-types.ts";
import { packFeatures, unpackFeatures } from "./slate-features.ts";
import { SlateDays } from "./slate-partitions.ts";

/** A client that gives a request id again does so within this time. */
const REPEAT_DAYS = 1;

export function createSlateStore(pool: Pool, retentionDays: number): SlateStore {
  const days = new SlateDays(pool);
  return {
    async store({ slates, features }, deadline) {
      await days.ensure(
        [...slates, ...features].map(({ servedAtMs }) => servedAtMs),
        deadline,
      );
      return pool.transaction("write", deadline, async (tx) => {
        await insertFeatures(tx, features);
        return insertSlates(tx, firstOfEach(slates));
      });
    },
    find: (requestId, deadline) =>
      pool.use("read", deadline, (sql) => findSlate(sql, requestId, daysMs(retentionDays))),
    standing: (itemId, deadline) => pool.use("read", deadline, (sql) => standingOf(sql, itemId)),
  };
}

/** Of slates with one request id the first counts. */
function firstOfEach(slates: SlateBatch["slates"]): readonly NewSlate[] {
  const firsts = new Map<string, NewSlate>();
  for (const slate of slates) if (!firsts.has(slate.requestId)) firsts.set(slate.requestId, slate);
  return [...firsts.values()];
}

async function insertFeatures(tx: Transaction, features: readonly NewFeatures[]): Promise<void> {
  if (features.length === 0) return;
  const packed = features.map(({ written }) => packFeatures(written)?.toString("base64") ?? null);
  await tx`
    insert into slate_features (features_id, served_at, features)
    select id, to_timestamp(served_ms / 1000.0), decode(features, 'base64')
    from unnest(
      ${textArray(features.map(({ id }) => id))}::text[],
      ${numberArray(features.map(({ servedAtMs }) => servedAtMs))}::float8[],
      ${textArray(packed)}::text[]
    ) as n(id, served_ms, features)
    on conflict do nothing`;
}

async function insertSlates(tx: Transaction, slates: readonly NewSlate[]): Promise<number> {
  if (slates.length === 0) return 0;
  const texts = (textOf: (slate: NewSlate) => string | null) => textArray(slates.map(textOf));
  const { count } = await tx`
    insert into served_slates (request_id, served_at, user_id, session_id, surface, k, policy, model_version, variant,
      degraded, strategy, seed, request, items, features_id)
    select request_id, to_timestamp(served_ms / 1000.0), user_id, session_id, surface, k, policy, model_version, variant,
      degraded, strategy, seed, request::jsonb, items::jsonb, features_id
    from unnest(
      ${texts(({ requestId }) => requestId)}::text[],
      ${numberArray(slates.map(({ servedAtMs }) => servedAtMs))}::float8[],
      ${texts(({ userId }) => userId)}::text[],
      ${texts(({ sessionId }) => sessionId)}::text[],
      ${texts(({ surface }) => surface)}::text[],
      ${numberArray(slates.map(({ k }) => k))}::int[],
      ${texts(({ policy }) => policy)}::text[],
      ${texts(({ modelVersion }) => modelVersion)}::text[],
      ${texts(({ variant }) => variant)}::text[],
      ${texts(({ degraded }) => degraded)}::text[],
      ${texts(({ strategy }) => strategy)}::text[],
      ${texts(({ seed }) => seed)}::text[],
      ${texts(({ wishes }) => JSON.stringify(wishes))}::text[],
      ${texts(({ items }) => items)}::text[],
      ${texts(({ featuresId }) => featuresId)}::text[]
    ) as n(request_id, served_ms, user_id, session_id, surface, k, policy, model_version, variant, degraded, strategy,
      seed, request, items, features_id)
    where not exists (
      select from served_slates s
      where s.request_id = n.request_id and s.served_at > now() - make_interval(days => ${REPEAT_DAYS})
    )
    on conflict do nothing`;
  return count;
}

export interface SlateRow extends Omit<ServedSlate, "wishes" | "items"> {
  readonly request: SlateWishes;
  readonly items: WrittenItems;
  /** A row of features is there. */
  readonly isKept: boolean;
  readonly features: Uint8Array | null;
}

async function findSlate(sql: Connection, requestId: string, keepMs: number): Promise<StoredSlate | null> {
  const [row] = await sql<SlateRow[]>`
    select ${slateColumns(sql)}
    from served_slates s
    left join slate_features f on f.features_id = s.features_id
      and f.served_at > now() - make_interval(secs => ${keepMs / 1000}) - interval '1 day'
    where s.request_id = ${requestId} and s.served_at > now() - make_interval(secs => ${keepMs / 1000})
    order by s.served_at
    limit 1`;
  return row ? storedSlate(row) : null;
}

/** Of a row `s` of `served_slates` and its features `f`. */
export const slateColumns = (sql: Connection | Transaction) => sql`
  s.request_id as "requestId", extract(epoch from s.served_at)::float8 * 1000 as "servedAtMs",
  s.user_id as "userId", s.session_id as "sessionId", s.surface, s.k, s.policy,
  s.model_version as "modelVersion", s.variant, s.degraded, s.strategy, s.seed, s.request, s.items,
  f.features_id is not null as "isKept", f.features`;

export function storedSlate({ request, items, isKept, features, ...slate }: SlateRow): StoredSlate {
  return {
    slate: {
      ...slate,
      servedAtMs: Math.round(slate.servedAtMs),
      wishes: request,
      items: readItems(items),
    },
    features: featuresOf(isKept, features),
  };
}

function featuresOf(isKept: boolean, packed: Uint8Array | null): StoredFeatures {
  if (!isKept) return "missing";
  return packed === null ? "truncated" : unpackFeatures(packed);
}

async function standingOf(sql: Connection, itemId: string): Promise<ItemStanding> {
  const [row] = await sql<ItemStanding[]>`
    select coalesce((select hidden from items where item_id = ${itemId}), false) as "isHidden",
      exists(select from items where item_id = ${itemId})
        or exists(select from item_popularity where item_id = ${itemId}) as "isKnown"`;
  return row ?? { isKnown: false, isHidden: false };
}

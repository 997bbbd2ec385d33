/** Keeps ranked lists for the pages that follow. */

import { KEPT_LIST_MS, type KeptList, type PagedLists } from "../../recommend/ports.ts";
import type { RankedList } from "../../recommend/ranked-list.ts";
import type { Connection, Pool } from "./pool-types.ts";

/** Each new list takes with it at most so many that ran out: there are never many more than are alive. */
const SWEPT_AT_ONCE = 20;

export function createKeptListStore(pool: Pool): PagedLists {
  return {
    keep: (id, list, deadline) => pool.use("write", deadline, (sql) => insertList(sql, id, list)),
    find: (id, deadline) => pool.use("read", deadline, (sql) => findList(sql, id)),
  };
}

async function insertList(sql: Connection, id: string, { owner, paged }: KeptList): Promise<void> {
  const { list, ...policy } = paged;
  const { itemIds, scores, sources, sourceScores } = list;
  await sql`
    with swept as (
      delete from kept_list where list_id in (
        select list_id from kept_list where expires_at <= now()
        order by expires_at limit ${SWEPT_AT_ONCE}::int for update skip locked))
    insert into kept_list (list_id, owner, expires_at, policy, item_ids, scores, source_scores)
    values (${bytesOf(id)}, ${owner}, now() + ${KEPT_LIST_MS}::int * interval '1 millisecond',
      ${JSON.stringify({ ...policy, sources })}, ${JSON.stringify(itemIds)}, ${asBytes(scores)},
      ${asBytes(sourceScores)})`;
}

interface Row {
  readonly owner: string;
  readonly policy: string;
  readonly itemIds: string;
  readonly scores: Buffer;
  readonly sourceScores: Buffer;
}

async function findList(sql: Connection, id: string): Promise<KeptList | null> {
  const [row] = await sql<Row[]>`
    select owner, policy, item_ids as "itemIds", scores, source_scores as "sourceScores"
    from kept_list where list_id = ${bytesOf(id)} and expires_at > now()`;
  if (row === undefined) return null;
  const { sources, ...policy } = JSON.parse(row.policy) as Omit<KeptList["paged"], "list"> &
    Pick<RankedList, "sources">;
  const list: RankedList = {
    itemIds: JSON.parse(row.itemIds) as string[],
    scores: asFloats(row.scores),
    sources,
    sourceScores: asFloats(row.sourceScores),
  };
  return { owner: row.owner, paged: { ...policy, list } };
}

const bytesOf = (id: string) => Buffer.from(id, "hex");

const asBytes = (floats: Float64Array) => Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength);

/** In memory of its own, where floats lie as they must. */
const asFloats = (bytes: Buffer) => new Float64Array(new Uint8Array(bytes).buffer);

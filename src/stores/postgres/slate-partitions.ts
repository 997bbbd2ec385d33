/** Days of served slates: one partition each, made before the first slate of the day and dropped as a whole. */

import type { Deadline } from "../../core/deadline.ts";
import { daysMs } from "./maintenance-batch.ts";
import type { Pool } from "./pool-types.ts";

const TABLES = ["served_slates", "slate_features"] as const;

/** Of the day in UTC. */
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);

/** Makes partitions where they are missing, once a process and day. */
export class SlateDays {
  readonly #pool: Pool;
  readonly #known = new Set<string>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Throws store errors. */
  async ensure(atMs: readonly number[], deadline: Deadline): Promise<void> {
    for (const day of new Set(atMs.map(dayOf))) {
      if (this.#known.has(day)) continue;
      await this.#make(day, deadline);
      this.#known.add(day);
    }
  }

  async #make(day: string, deadline: Deadline): Promise<void> {
    const next = dayOf(Date.parse(day) + daysMs(1));
    await this.#pool.transaction("write", deadline, async (tx) => {
      // `if not exists` does not hold between two that begin together.
      await tx`select pg_advisory_xact_lock(hashtext('served_slates'))`;
      for (const table of TABLES) {
        const name = `${table}_${day.replaceAll("-", "")}`;
        await tx.unsafe(
          `create table if not exists ${name} partition of ${table} for values from ('${day} 00:00+00') to ('${next} 00:00+00')`,
        );
      }
    });
  }
}

/**
 * Drops the days whose last slate is older than `keepMs`; features stay a day longer, since slates after midnight may
 * name those of before. Answers about how many rows went.
 */
export async function dropOldSlates(pool: Pool, keepMs: number, deadline: Deadline): Promise<number> {
  const old = await pool.use("write", deadline, async (sql) => {
    const rows = await sql<{ name: string; rows: number }[]>`
      select c.oid::regclass::text as name, greatest(c.reltuples, 0)::float8 as rows
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent in ('served_slates'::regclass, 'slate_features'::regclass)
        and to_date(right(c.relname, 8), 'YYYYMMDD') + 1 + (i.inhparent = 'slate_features'::regclass)::int
          <= (now() at time zone 'UTC' - make_interval(secs => ${keepMs / 1000}))`;
    return [...rows];
  });
  let dropped = 0;
  for (const { name, rows } of old) {
    await pool.use("write", deadline, (sql) => sql`drop table if exists ${sql.unsafe(name)}`);
    dropped += rows;
  }
  return dropped;
}

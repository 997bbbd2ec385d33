/** What the online verifier reads and keeps: the moment, its cursors, and what is unaccounted for. */

import type { Deadline } from "../../core/deadline.ts";
import type { StoredOffset } from "../../events/log-barrier.ts";
import { textArray } from "./array-literal.ts";
import type { Pool, Transaction } from "./pool-types.ts";
import {
  type Finding,
  forgetFound,
  type Horizons,
  searchAcknowledged,
  searchPublished,
  type Window,
} from "./verifier-search.ts";

/** Times in ms since 1970 by the store's clock. */
export interface Moment {
  readonly nowMs: number;
  /** Every transaction that began earlier has ended, so that what it wrote is visible from now on. */
  readonly settledMs: number;
  /** No event that was acknowledged earlier waits in the outbox. */
  readonly sentMs: number;
}

export interface Cursor {
  readonly sinceMs: number;
  readonly positionMs: number;
  readonly widthMs: number;
}

/** `again`: the same search over what was verified before, round and round. */
export const CURSORS = ["acknowledged", "published", "acknowledged_again", "published_again"] as const;
export type CursorName = (typeof CURSORS)[number];

/** Any consumer of another lane waits longer for what it wants than a statement of the verifier may take. */
const STATEMENT_TIMEOUT_MS = 2_000;

export class VerifierStore {
  readonly #pool: Pool;
  readonly #group: string;

  /** `group`: the consumer whose offsets count. */
  constructor(pool: Pool, group: string) {
    this.#pool = pool;
    this.#group = group;
  }

  /** A transaction that began within `settleMs` may not have written yet, and shows no sign that it will. */
  async moment(settleMs: number, deadline: Deadline): Promise<Moment> {
    return this.#ask(deadline, async (tx) => {
      const [row] = await tx<Moment[]>`
        with t as (
          select clock_timestamp() as now, least(
            clock_timestamp() - make_interval(secs => ${settleMs / 1000}),
            (select min(xact_start) from pg_stat_activity
              where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid())
          ) as settled
        )
        select ${ms(tx, "now")} as "nowMs", ${ms(tx, "settled")} as "settledMs", floor(extract(epoch from least(settled, (
          select created_at from event_outbox where published_at is null and status = 'pending' order by id limit 1
        ))) * 1000)::float8 as "sentMs"
        from t`;
      if (!row) throw new Error("the store did not tell the time");
      return row;
    });
  }

  async storedOffsets(deadline: Deadline): Promise<readonly StoredOffset[]> {
    return this.#ask(
      deadline,
      (tx) => tx<StoredOffset[]>`
        select topic, topic_id as "topicId", partition, next_offset as "nextOffset" from consumer_offset
        where consumer = ${this.#group}`,
    );
  }

  async cursors(deadline: Deadline): Promise<Readonly<Record<CursorName, Cursor>>> {
    const rows = await this.#ask(
      deadline,
      (tx) => tx<(Cursor & { name: CursorName })[]>`
        select name, ${ms(tx, "since")} as "sinceMs", ${ms(tx, "position")} as "positionMs", width_ms::float8 as "widthMs"
        from verifier_cursor`,
    );
    const byName = new Map(rows.map((row) => [row.name, row]));
    const of = (name: CursorName): Cursor => {
      const found = byName.get(name);
      if (!found) throw new Error(`the verifier has no cursor ${name}`);
      return found;
    };
    return {
      acknowledged: of("acknowledged"),
      published: of("published"),
      acknowledged_again: of("acknowledged_again"),
      published_again: of("published_again"),
    };
  }

  /** At most `limit` events of the window that are unaccounted for. */
  search(
    name: CursorName,
    window: Window,
    horizons: Horizons,
    limit: number,
    deadline: Deadline,
  ): Promise<readonly Finding[]> {
    const search = name.startsWith("acknowledged") ? searchAcknowledged : searchPublished;
    return this.#ask(deadline, (tx) => search(tx, window, horizons, limit));
  }

  /** Keeps findings and the cursor in one transaction: a cursor never passes what was not written down. */
  record(
    name: CursorName,
    { positionMs, widthMs }: Pick<Cursor, "positionMs" | "widthMs">,
    findings: readonly Finding[],
    deadline: Deadline,
  ): Promise<void> {
    return this.#ask(deadline, async (tx) => {
      if (findings.length > 0) {
        await tx`
          insert into verifier_finding (event_id, event_type, reason)
          select * from unnest(
            ${textArray(findings.map(({ eventId }) => eventId))}::text[],
            ${textArray(findings.map(({ eventType }) => eventType))}::text[],
            ${textArray(findings.map(({ reason }) => reason))}::text[]
          )
          on conflict do nothing`;
      }
      await tx`
        update verifier_cursor set position = to_timestamp(${positionMs}::float8 / 1000), width_ms = ${widthMs}::float8
        where name = ${name}`;
    });
  }

  async forgetFound(horizons: Horizons, deadline: Deadline): Promise<void> {
    await this.#ask(deadline, (tx) => forgetFound(tx, horizons));
  }

  async countFound(deadline: Deadline): Promise<number> {
    const rows = await this.#ask(
      deadline,
      (tx) => tx<{ count: number }[]>`select count(*)::int as count from verifier_finding`,
    );
    return rows[0]?.count ?? 0;
  }

  /** The write lane, as all background work; the server ends a statement that takes too long. */
  #ask<T>(deadline: Deadline, work: (tx: Transaction) => PromiseLike<T>): Promise<T> {
    return this.#pool.transaction("write", deadline, async (tx) => {
      await tx`select set_config('statement_timeout', ${String(STATEMENT_TIMEOUT_MS)}, true)`;
      return work(tx);
    });
  }
}

const ms = (tx: Transaction, column: string) => tx`floor(extract(epoch from ${tx(column)}) * 1000)::float8`;

/** Notes in `audit_log` what an operator changed, in the transaction that changes it. */

import { createHash } from "node:crypto";
import type { Transaction } from "./pool-types.ts";

export interface AuditEntry {
  /** Who did it, such as `cli:<user>`. */
  readonly actor: string;
  readonly action: string;
  /** What it was done to. */
  readonly object: string;
  readonly result: string;
}

/** Appends come one after the other: each needs the hash of the last one. */
const AUDIT_LOCK = "reco.audit_log";

/**
 * Adds one row to the hash chain; to be called last in its transaction, as other appends wait for its end.
 * `hash` is the SHA-256 of the previous row's hash (nothing for the first row) followed by the UTF-8 text of the
 * row as a JSON array: at (ms since 1970), actor, ip_prefix, action, object, before_hash, after_hash, request_id, result.
 */
export async function appendAudit(tx: Transaction, entry: AuditEntry): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${AUDIT_LOCK}, 0))`;
  // A statement of its own, so that it sees what was committed while the lock was waited for.
  const [last] = await tx<{ atMs: number; prevHash: string | null }[]>`
    select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as "atMs",
      (select encode(hash, 'hex') from audit_log order by id desc limit 1) as "prevHash"`;
  const { atMs = 0, prevHash = null } = last ?? {};
  const { actor, action, object, result } = entry;
  const row = JSON.stringify([atMs, actor, null, action, object, null, null, null, result]);
  const hash = createHash("sha256")
    .update(prevHash ?? "", "hex")
    .update(row, "utf8")
    .digest("hex");
  await tx`
    insert into audit_log (at, actor, action, object, result, prev_hash, hash)
    values (to_timestamp(${atMs}::float8 / 1000), ${actor}, ${action}, ${object}, ${result},
      decode(${prevHash}, 'hex'), decode(${hash}, 'hex'))`;
}

/** Reads the audit log and recomputes its chain of hashes. */

import { createHash } from "node:crypto";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { query } from "./backbone.ts";

export interface AuditRow {
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly result: string;
}

/** All rows, oldest first. Throws when the chain is broken. */
export async function readAudit(pool: Pool): Promise<readonly AuditRow[]> {
  const rows = await query(
    pool,
    `select round(extract(epoch from at) * 1000)::float8 as at_ms, actor, ip_prefix, action, object, before_hash,
       after_hash, request_id, result, encode(prev_hash, 'hex') as prev, encode(hash, 'hex') as hash
     from audit_log order by id`,
  );
  let previous: unknown = null;
  for (const { prev, hash, ...row } of rows) {
    const text = JSON.stringify(Object.values(row));
    const expected = createHash("sha256")
      .update(String(prev ?? ""), "hex")
      .update(text)
      .digest("hex");
    if (prev !== previous || hash !== expected) throw new Error(`the chain is broken at ${text}`);
    previous = hash;
  }
  return rows.map(({ actor, action, object, result }) => ({
    actor: String(actor),
    action: String(action),
    object: String(object),
    result: String(result),
  }));
}

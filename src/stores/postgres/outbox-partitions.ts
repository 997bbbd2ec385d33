/** Installs the outbox partitions once; their number is part of every stored row from then on. */

import type { Deadline } from "../../core/deadline.ts";
import { MigrationError } from "./migration-error.ts";
import type { Pool } from "./pool-types.ts";

/**
 * Fills `outbox_partition` and `outbox_counter` with 0 .. count-1 on an empty database.
 * Throws MigrationError `outbox_partitions` when another number is installed.
 */
export async function ensureOutboxPartitions(pool: Pool, count: number, deadline: Deadline): Promise<void> {
  const installed = await pool.transaction("write", deadline, async (tx) => {
    // Serialises first starts, which may disagree about the number.
    await tx`lock table outbox_partition in share row exclusive mode`;
    const [row] = await tx<{ count: number }[]>`select count(*)::int as count from outbox_partition`;
    if (row && row.count > 0) return row.count;
    await tx`insert into outbox_partition (partition) select generate_series(0, ${count}::int - 1)`;
    await tx`insert into outbox_counter (partition) select generate_series(0, ${count}::int - 1) on conflict do nothing`;
    return count;
  });
  if (installed === count) return;
  const message = `OUTBOX_PARTITIONS is ${count}, but this database was installed with ${installed}`;
  throw new MigrationError("outbox_partitions", null, message);
}

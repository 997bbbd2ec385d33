/** The relay's statements without anything between them: what the outbox alone takes. */

import { systemClock } from "../../src/core/clock.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { OutboxMark } from "../../src/events/ports.ts";
import { createOutboxStore } from "../../src/stores/postgres/outbox-store.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { OUTBOX_PARTITIONS } from "./outbox-rows.ts";
import type { Pace } from "./pace.ts";
import type { Store } from "./store.ts";
import { treeCpuMs } from "./usage.ts";

const RELAY = "bench-claim-and-mark";
const LEASE_SEC = 600;
const TIMEOUT_MS = 30_000;
/** Of the relay's rounds. */
const ROWS = 1_000;

/** Claims and marks in rounds of the relay's size until nothing is left; the partitions must be free. */
export async function claimAndMark(store: Store): Promise<Pace> {
  await using pool = openPool({ url: store.url, applicationName: "bench" });
  const outbox = createOutboxStore(pool);
  const deadline = () => Deadline.after(TIMEOUT_MS, systemClock);
  const leases = await outbox.take(RELAY, OUTBOX_PARTITIONS, LEASE_SEC, deadline());
  if (leases.length < OUTBOX_PARTITIONS) throw new Error("another relay holds partitions");
  const epochs = new Map(leases.map(({ partition, epoch }) => [partition, epoch]));
  const startedMs = performance.now();
  const before = { own: process.cpuUsage(), postgres: treeCpuMs(store.pid) };
  let done = 0;
  for (;;) {
    const rows = await outbox.claim([...epochs.keys()], ROWS, deadline());
    if (rows.length === 0) break;
    const marks = rows.map(
      (row): OutboxMark => ({ kind: "published", row, epoch: epochs.get(row.partition) ?? 0n }),
    );
    await outbox.mark(marks, deadline());
    done += rows.length;
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const own = process.cpuUsage(before.own);
  await outbox.resign(RELAY, leases, deadline());
  return {
    perSec: done / seconds,
    cpuUs: {
      own: (own.user + own.system) / done,
      postgres: ((treeCpuMs(store.pid) - before.postgres) * 1_000) / done,
    },
  };
}

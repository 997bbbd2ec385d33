/** The outbox in memory, with the semantics of its PostgreSQL statements. */

import type {
  BlockedKey,
  OutboxDraft,
  OutboxMark,
  OutboxRow,
  PartitionLease,
} from "../../src/events/ports.ts";
import type { World } from "./world.ts";

export interface StoredRow extends Omit<OutboxRow, "attemptCount" | "headers"> {
  /** The id of the event's consumed marker. */
  readonly eventKey: string;
  headers: Record<string, string> | null;
  attemptCount: number;
  status: "pending" | "published" | "dead";
  nextAttemptMs: number;
  /** When its id was drawn, and when other transactions saw it. */
  readonly begunStep: number;
  readonly committedStep: number;
  wasDead: boolean;
  wasPublished: boolean;
}

interface Lease {
  owner: string | null;
  epoch: bigint;
  leaseUntilMs: number;
}

export class OutboxModel {
  readonly rows = new Map<bigint, StoredRow>();
  readonly leases: Lease[];
  readonly members = new Map<string, number>();
  readonly #world: World;
  readonly #isAppended: (eventKey: string) => boolean;
  #nextId = 1n;

  constructor(world: World, partitions: number, isAppended: (eventKey: string) => boolean) {
    this.#world = world;
    this.#isAppended = isAppended;
    this.leases = Array.from({ length: partitions }, () => ({ owner: null, epoch: 0n, leaseUntilMs: 0 }));
  }

  /** An id drawn inside a transaction that may commit later than others, or never. */
  drawId(): { id: bigint; begunStep: number } {
    return { id: this.#nextId++, begunStep: this.#world.scheduler.steps };
  }

  insert(
    drawn: { id: bigint; begunStep: number },
    event: Pick<StoredRow, "eventKey" | "eventId" | "eventType" | "payload">,
    draft: OutboxDraft,
  ): void {
    if (this.rows.has(drawn.id)) this.#world.violate("I5", `outbox id ${drawn.id} is used twice`);
    const { topic, key, partition, maxAttempts } = draft;
    const nowMs = this.#world.nowMs();
    this.rows.set(drawn.id, {
      ...drawn,
      ...event,
      ...{ topic, key, partition, maxAttempts, headers: null, createdAtMs: nowMs, attemptCount: 0 },
      ...{ status: "pending", nextAttemptMs: nowMs, wasDead: false, wasPublished: false },
      committedStep: this.#world.scheduler.steps,
    });
  }

  heartbeat(relayId: string, leaseSec: number): { liveRelays: number } {
    const nowMs = this.#world.nowMs();
    this.members.set(relayId, nowMs);
    const live = [...this.members.values()].filter((seenMs) => seenMs > nowMs - leaseSec * 1000);
    const holders = new Set(
      this.leases.flatMap(({ owner, leaseUntilMs }) => (leaseUntilMs > nowMs ? owner : [])),
    );
    this.#world.sometimes("two relays shared the partitions", holders.size > 1);
    return { liveRelays: Math.max(1, live.length) };
  }

  take(relayId: string, limit: number, leaseSec: number): readonly PartitionLease[] {
    const nowMs = this.#world.nowMs();
    const free = [...this.leases.entries()]
      .filter(([, { leaseUntilMs }]) => leaseUntilMs < nowMs)
      .sort(([, a], [, b]) => a.leaseUntilMs - b.leaseUntilMs)
      .slice(0, limit);
    return free.map(([partition, lease]) => {
      Object.assign(lease, {
        owner: relayId,
        epoch: lease.epoch + 1n,
        leaseUntilMs: nowMs + leaseSec * 1000,
      });
      return { partition, epoch: lease.epoch };
    });
  }

  renew(relayId: string, held: readonly PartitionLease[], leaseSec: number): readonly PartitionLease[] {
    return held.filter(({ partition, epoch }) => {
      const lease = this.leases[partition];
      if (lease?.owner !== relayId || lease.epoch !== epoch) return false;
      lease.leaseUntilMs = this.#world.nowMs() + leaseSec * 1000;
      return true;
    });
  }

  resign(relayId: string, held: readonly PartitionLease[]): void {
    for (const { partition, epoch } of held) {
      const lease = this.leases[partition];
      if (lease?.owner !== relayId || lease.epoch !== epoch) continue;
      Object.assign(lease, { owner: null, leaseUntilMs: this.#world.nowMs() });
    }
  }

  claim(partitions: readonly number[], limit: number): OutboxRow[] {
    return this.due((row) => partitions.includes(row.partition)).slice(0, limit);
  }

  /** Rows that may be sent now, lowest ids first. */
  due(isWanted: (row: StoredRow) => boolean): OutboxRow[] {
    const nowMs = this.#world.nowMs();
    return [...this.rows.values()]
      .filter((row) => row.status === "pending" && row.nextAttemptMs <= nowMs && isWanted(row))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((row) => ({ ...row }));
  }

  blockedKeys(partitions: readonly number[], limit: number): BlockedKey[] {
    const nowMs = this.#world.nowMs();
    const firsts = new Map<string, BlockedKey>();
    for (const row of [...this.rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
      const { partition, topic, key, id, nextAttemptMs } = row;
      if (row.status !== "pending" || nextAttemptMs <= nowMs || !partitions.includes(partition)) continue;
      const name = `${partition} ${topic} ${key}`;
      if (!firsts.has(name))
        firsts.set(name, { partition, topic, key, rowId: id, dueInMs: nextAttemptMs - nowMs });
    }
    return [...firsts.values()].slice(0, limit);
  }

  mark(marks: readonly OutboxMark[]): ReadonlySet<bigint> {
    const nowMs = this.#world.nowMs();
    const delays = new Map(
      marks.flatMap((mark) => (mark.kind === "failed" ? [[mark.row.id, mark.delaySec]] : [])),
    );
    const changed = new Set<bigint>();
    for (const mark of marks) {
      const row = this.rows.get(mark.row.id);
      const isCurrent = this.leases[mark.row.partition]?.epoch === mark.epoch;
      if (!row || !isCurrent || row.status === "published") continue;
      changed.add(row.id);
      if (mark.kind === "published") this.#publish(row);
      else if (mark.kind === "failed") {
        const status = mark.dead ? "dead" : "pending";
        Object.assign(row, { status, attemptCount: row.attemptCount + 1, wasDead: row.wasDead || mark.dead });
        row.nextAttemptMs = nowMs + mark.delaySec * 1000;
      } else {
        const delaySec = delays.get(mark.behind);
        this.#world.sometimes("a row was held back");
        row.status = "pending";
        row.nextAttemptMs =
          delaySec === undefined
            ? (this.rows.get(mark.behind)?.nextAttemptMs ?? nowMs)
            : nowMs + delaySec * 1000;
      }
    }
    return changed;
  }

  /** `published` ones only when asked; answers how many. */
  requeue(statuses: readonly StoredRow["status"][]): number {
    const chosen = [...this.rows.values()].filter(
      ({ status }) => status !== "pending" && statuses.includes(status),
    );
    for (const row of chosen) {
      Object.assign(row, { status: "pending", nextAttemptMs: this.#world.nowMs(), attemptCount: 0 });
      row.headers = { ...row.headers, "x-replay": "1" };
    }
    return chosen.length;
  }

  count(status: StoredRow["status"]): number {
    return [...this.rows.values()].filter((row) => row.status === status).length;
  }

  #publish(row: StoredRow): void {
    if (!this.#isAppended(row.eventKey)) {
      this.#world.violate("I1", `row ${row.id} is marked published, and the log never had ${row.eventKey}`);
    }
    const rows = [...this.rows.values()];
    const overtook = rows.some(
      (other) => other.wasPublished && other.id > row.id && other.committedStep < row.committedStep,
    );
    this.#world.sometimes("a late row with a lower id was published", overtook);
    this.#world.sometimes("a row was published after failed attempts", row.attemptCount > 0);
    this.#world.sometimes("a row died and was revived", row.wasDead);
    Object.assign(row, { status: "published", attemptCount: row.attemptCount + 1, wasPublished: true });
  }
}

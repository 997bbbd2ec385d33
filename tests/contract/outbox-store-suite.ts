/** What the outbox must do for a relay; the PostgreSQL store and the simulated one run this suite. */

import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { OutboxMark, OutboxRow, OutboxStore, PartitionLease } from "../../src/events/ports.ts";
import { eventually } from "../support/eventually.ts";

export interface OutboxUnderTest extends AsyncDisposable {
  readonly outbox: OutboxStore;
  readonly partitions: number;
  /** Accepts one watch of this user. */
  accept(eventId: string, userId: string): Promise<void>;
}

const LEASE_SEC = 1;
const soon = () => Deadline.after(5_000);

export function describeOutboxStore(name: string, open: () => Promise<OutboxUnderTest>): void {
  describe(`outbox store: ${name}`, () => {
    let under: OutboxUnderTest | null = null;
    let outbox: OutboxStore;

    beforeEach(async () => {
      await under?.[Symbol.asyncDispose]();
      under = await open();
      outbox = under.outbox;
    });
    afterAll(() => under?.[Symbol.asyncDispose]());

    const takeAll = (relayId = "relay-a") => outbox.take(relayId, 100, LEASE_SEC, soon());
    const claimAll = (limit = 100) =>
      outbox.claim(
        Array.from({ length: under?.partitions ?? 0 }, (_, partition) => partition),
        limit,
        soon(),
      );
    const epochOf = (leases: readonly PartitionLease[], { partition }: OutboxRow) =>
      leases.find((lease) => lease.partition === partition)?.epoch ?? -1n;
    /** Rows of one user, in order, and the leases of the relay that holds everything. */
    async function rowsOfOneUser(count: number) {
      for (let number = 0; number < count; number++) await under?.accept(`event-000${number}`, "u-1");
      const leases = await takeAll();
      const rows = await claimAll();
      return { leases, rows, epoch: epochOf(leases, rows[0] as OutboxRow) };
    }
    const ids = (rows: readonly OutboxRow[]) => rows.map(({ eventId }) => eventId);

    test("gives each partition to one relay", async () => {
      const first = await takeAll();

      expect(first).toHaveLength(under?.partitions ?? 0);
      expect(await takeAll("relay-b")).toEqual([]);
    });

    test("gives a partition whose lease ended to another relay, with a higher epoch, and renews it for nobody else", async () => {
      const [before] = await outbox.take("relay-a", 1, LEASE_SEC, soon());
      const taken = await eventually(async () => {
        const leases = await takeAll("relay-b");
        expect(leases.map(({ partition }) => partition)).toContain(before?.partition ?? -1);
        return leases;
      });

      const after = taken.find(({ partition }) => partition === before?.partition);
      expect(after?.epoch).toBeGreaterThan(before?.epoch ?? 0n);
      expect(await outbox.renew("relay-a", before ? [before] : [], LEASE_SEC, soon())).toEqual([]);
      expect(await outbox.renew("relay-b", after ? [after] : [], LEASE_SEC, soon())).toEqual([
        after as PartitionLease,
      ]);
    });

    test("frees a resigned partition at once, and ignores who resigns what is no longer his", async () => {
      const mine = await takeAll();
      await outbox.resign("relay-a", mine, soon());
      const theirs = await eventually(async () => {
        const leases = await takeAll("relay-b");
        expect(leases).toHaveLength(mine.length);
        return leases;
      });

      await outbox.resign("relay-a", mine, soon());

      expect(await takeAll("relay-c")).toEqual([]);
      expect(theirs.every(({ epoch }) => epoch > (mine[0]?.epoch ?? 0n))).toBe(true);
    });

    test("claims due rows lowest ids first, and changes nothing by that", async () => {
      const { rows } = await rowsOfOneUser(3);

      expect(ids(rows)).toEqual(["event-0000", "event-0001", "event-0002"]);
      expect(await claimAll()).toEqual([...rows]);
      expect(ids(await claimAll(2))).toEqual(["event-0000", "event-0001"]);
    });

    test("marks a row published once", async () => {
      const { rows, epoch } = await rowsOfOneUser(1);
      const marks: OutboxMark[] = rows.map((row) => ({ kind: "published", row, epoch }));

      expect([...(await outbox.mark(marks, soon()))]).toEqual(rows.map(({ id }) => id));
      expect([...(await outbox.mark(marks, soon()))]).toEqual([]);
      expect(await claimAll()).toEqual([]);
    });

    test("changes nothing for a mark of an older epoch", async () => {
      const { leases, rows, epoch } = await rowsOfOneUser(1);
      await outbox.resign("relay-a", leases, soon());
      await eventually(async () => expect(await takeAll("relay-b")).not.toEqual([]));

      const changed = await outbox.mark(
        rows.map((row) => ({ kind: "published", row, epoch })),
        soon(),
      );

      expect([...changed]).toEqual([]);
      expect(await claimAll()).toEqual([...rows]);
    });

    test("makes a failed row and what waits behind it due at the same time, and names the key until then", async () => {
      const { rows, epoch } = await rowsOfOneUser(2);
      const [first, second] = rows as [OutboxRow, OutboxRow];
      await outbox.mark(
        [
          { kind: "failed", row: first, epoch, error: "down", delaySec: 0.5, dead: false },
          { kind: "held_back", row: second, epoch, behind: first.id },
        ],
        soon(),
      );

      const blocked = await outbox.blockedKeys([first.partition], 100, soon());
      expect(blocked.map(({ rowId, key }) => [rowId, key])).toEqual([[first.id, "u-1"]]);
      expect(blocked[0]?.dueInMs).toBeGreaterThan(0);
      expect(await claimAll()).toEqual([]);
      const again = await eventually(async () => {
        const due = await claimAll();
        expect(due.length).toBeGreaterThan(0);
        return due;
      });
      expect(again.map(({ id, attemptCount }) => [id, attemptCount])).toEqual([
        [first.id, 1],
        [second.id, 0],
      ]);
    });

    test("claims a dead row never again", async () => {
      const { rows, epoch } = await rowsOfOneUser(1);
      const [row] = rows as [OutboxRow];

      await outbox.mark([{ kind: "failed", row, epoch, error: "no", delaySec: 0, dead: true }], soon());

      expect(await claimAll()).toEqual([]);
      expect(await outbox.blockedKeys([row.partition], 100, soon())).toEqual([]);
    });

    test("counts relays by their heartbeats, until they sign off", async () => {
      const beat = (relayId: string) => outbox.heartbeat(relayId, 0, 30, soon());
      await beat("relay-a");
      const both = await beat("relay-b");
      await outbox.deregister("relay-a", soon());

      expect([both, await beat("relay-b")]).toEqual([{ liveRelays: 2 }, { liveRelays: 1 }]);
    });
  });
}

/** The store's ports of one process: each call goes over the wire, where it may fail in every way. */

import { StoreUnavailableError } from "../../src/core/errors.ts";
import type { ConsumerStore, IngestStore, OutboxStore } from "../../src/events/ports.ts";
import type { DeadLetterReplays } from "../../src/stores/postgres/dlq-replay.ts";
import type { Realm } from "./realm.ts";
import type { Stores } from "./stores.ts";
import { Wire } from "./wire.ts";
import type { World } from "./world.ts";

interface Waits {
  remainingMs(): number;
}

export interface StorePorts {
  readonly outbox: OutboxStore;
  readonly ingest: IngestStore;
  readonly consumer: ConsumerStore;
  readonly replays: DeadLetterReplays;
  call<T>(name: string, deadline: Waits, effect: () => T, begin?: () => void): Promise<T>;
}

export function createStorePorts(
  world: World,
  realm: Realm,
  stores: Stores,
  wire: Pick<Wire, "call"> = new Wire(world, realm),
): StorePorts {
  const call: StorePorts["call"] = (name, deadline, effect, begin) =>
    wire.call({
      name,
      service: "store",
      timeoutMs: deadline.remainingMs(),
      effect,
      ...(begin && { begin }),
      failure: (kind) =>
        new StoreUnavailableError(kind === "timeout" ? "timeout" : "connect", `the store: ${kind}`),
    });
  return {
    call,
    outbox: outboxPort(call, stores),
    ingest: ingestPort(call, stores),
    consumer: consumerPort(call, stores, world, realm),
    replays: replaysPort(call, stores, world),
  };
}

type StoreCall = StorePorts["call"];

const outboxPort = (call: StoreCall, { outbox }: Stores): OutboxStore => ({
  heartbeat: (relayId, _inFlight, leaseSec, deadline) =>
    call("heartbeat", deadline, () => outbox.heartbeat(relayId, leaseSec)),
  take: (relayId, limit, leaseSec, deadline) =>
    call("take", deadline, () => outbox.take(relayId, limit, leaseSec)),
  renew: (relayId, held, leaseSec, deadline) =>
    call("renew", deadline, () => outbox.renew(relayId, held, leaseSec)),
  resign: (relayId, held, deadline) => call("resign", deadline, () => outbox.resign(relayId, held)),
  claim: (partitions, limit, deadline) => call("claim", deadline, () => outbox.claim(partitions, limit)),
  blockedKeys: (partitions, limit, deadline) =>
    call("blockedKeys", deadline, () => outbox.blockedKeys(partitions, limit)),
  mark: (marks, deadline) => call("mark", deadline, () => outbox.mark(marks)),
  deregister: (relayId, deadline) => call("deregister", deadline, () => void outbox.members.delete(relayId)),
});

const ingestPort = (call: StoreCall, { ingest }: Stores): IngestStore => ({
  accept(plans, deadline) {
    let ids: ReturnType<typeof ingest.drawIds> = [];
    const begin = () => {
      ids = ingest.drawIds(plans);
    };
    return call("accept", deadline, () => ingest.accept(plans, ids), begin);
  },
});

const consumerPort = (call: StoreCall, stores: Stores, world: World, realm: Realm): ConsumerStore => ({
  takeOver: (_consumer, assignment, deadline) =>
    call("takeOver", deadline, () => stores.consumer.takeOver(assignment)),
  rewind: (_consumer, assignment, deadline) =>
    call("rewind", deadline, () => stores.consumer.rewind(assignment)),
  interrupted: (assignment, deadline) =>
    call("interrupted", deadline, () => stores.consumer.interrupted(assignment)),
  beginAttempt: (record, deadline) =>
    call("beginAttempt", deadline, () => stores.consumer.beginAttempt(record)),
  applyChunk: (_consumer, assignment, entries, nextOffset, deadline) => {
    const isDeadly = entries.some(
      (entry) => "streamEventId" in entry && stores.history.poisonOf(entry.streamEventId) === "killer",
    );
    if (isDeadly && !realm.dead) {
      world.crash(realm);
      return new Promise(() => {});
    }
    return call("applyChunk", deadline, () => {
      const stored = stores.consumer.storedOffset(assignment);
      if (world.chance(world.climate.contention)) {
        world.sometimes("a chunk met a lock");
        throw new StoreUnavailableError("contention", "another transaction holds a lock");
      }
      try {
        const result = stores.consumer.applyChunk(assignment, entries, nextOffset, () =>
          stores.chunk(assignment, entries, nextOffset),
        );
        world.sometimes("a rebalance with a chunk in hand", result === "fenced" && stored < nextOffset);
        return result;
      } catch (error) {
        world.sometimes("a chunk was split", entries.length > 1 && !(error instanceof StoreUnavailableError));
        throw error;
      }
    });
  },
  countAttempt: (record, _error, deadline) =>
    call("countAttempt", deadline, () => stores.consumer.countAttempt(record)),
  dlqSnapshot: (deadline) =>
    call("dlqSnapshot", deadline, () => ({
      pending: stores.letters.pending().length,
      replayed: stores.letters.rows.size - stores.letters.pending().length,
      maxRetryCount: 0,
      oldestPendingMs: 0,
    })),
});

const replaysPort = (call: StoreCall, { letters, consumer }: Stores, world: World): DeadLetterReplays => ({
  list: (filter, deadline) => call("list", deadline, () => letters.list(filter)),
  take: (letter, leaseMs, deadline) =>
    call("takeLetter", deadline, () => {
      const taken = letters.take(letter, leaseMs);
      world.sometimes("a replay was fenced or found its row held", taken.kind !== "taken");
      return taken;
    }),
  settle: (letter, generation, effect, deadline) =>
    call("settleLetter", deadline, () => {
      consumer.refuse([effect]);
      let isFresh = false;
      const isMine = letters.settle(letter, generation, () => {
        isFresh = !letter.wasApplied && consumer.applyEffects([effect]).has(effect);
      });
      if (!isMine) return "fenced";
      world.sometimes(isFresh ? "a dead letter was replayed" : "a replay met an event that was applied");
      return isFresh ? "processed" : "duplicate";
    }),
  fail: (letter, generation, _error, deadline) =>
    call("failLetter", deadline, () => (letters.fail(letter, generation) ? "noted" : "fenced")),
});

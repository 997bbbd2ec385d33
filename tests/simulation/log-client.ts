/** The event log port of one process over the model: a group member that renews its leases, and a producer. */

import type { Clock } from "../../src/core/clock.ts";
import type {
  Assignment,
  EventLog,
  EventLogConsumer,
  EventLogProducer,
  LogRecord,
  ProduceRecord,
  ProduceResult,
} from "../../src/events/ports.ts";
import { Cursors } from "../../src/stores/eventlog/cursors.ts";
import type { GroupModel } from "./group-model.ts";
import type { LogModel, Owned } from "./log-model.ts";
import type { Wire } from "./wire.ts";
import type { World } from "./world.ts";

export interface LogPorts {
  readonly world: World;
  readonly model: LogModel;
  readonly wire: Pick<Wire, "call">;
  readonly clock: Clock;
}

const LEASE_MS = 2_000;
const RENEW_MS = 600;
const CALL_TIMEOUT_MS = 3_000;
const IDLE_POLL_MS = 250;

export const createLog = (ports: LogPorts): EventLog => ({
  producer: async () => createProducer(ports),
  async subscribe(group, memberId, topics) {
    const member = new Member(ports, ports.model.group(group), memberId, topics);
    await member.join();
    return member;
  },
});

const call = <T>(
  { wire }: LogPorts,
  name: string,
  effect: () => T,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<T> =>
  wire.call({ name, service: "log", timeoutMs, effect, failure: (kind) => new Error(`log: ${kind}`) });

function createProducer(ports: LogPorts): EventLogProducer {
  const { world, model } = ports;
  return {
    ensureTopic: (topic, partitions) =>
      call(ports, "ensureTopic", () => model.ensureTopic(topic, partitions)),
    async produce(records, deadline) {
      try {
        return await call(ports, "produce", () => append(world, model, records), deadline.remainingMs());
      } catch (error) {
        return records.map(() => failureOf(error as Error));
      }
    },
    async [Symbol.asyncDispose]() {
      // Holds nothing.
    },
  };
}

function append(world: World, model: LogModel, records: readonly ProduceRecord[]): ProduceResult[] {
  const { partial, twice } = world.climate;
  const cutAt = (total: number) => {
    if (!world.chance(partial)) return total;
    world.sometimes("a partial publish");
    return world.below(total);
  };
  return model.produce(records, cutAt, world.chance(twice));
}

const failureOf = ({ message }: Error): ProduceResult =>
  message === "log: timeout"
    ? { status: "unknown", error: message }
    : { status: "failed", class: "retryable", error: message };

interface Cursor {
  position: bigint;
  paused: boolean;
}

class Member implements EventLogConsumer {
  readonly #ports: LogPorts;
  readonly #group: GroupModel;
  readonly #memberId: string;
  readonly #topics: readonly string[];
  readonly #cursors = new Cursors<Owned, Cursor>(
    () => this.#trusted(),
    ({ committed }) => ({ position: committed, paused: false }),
  );
  readonly #stop = new AbortController();
  #owned: readonly Owned[] = [];
  #trustedUntilMs = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(ports: LogPorts, group: GroupModel, memberId: string, topics: readonly string[]) {
    this.#ports = ports;
    this.#group = group;
    this.#memberId = memberId;
    this.#topics = topics;
  }

  async join(): Promise<void> {
    await this.#step();
    this.#loop = this.#keepRenewing();
  }

  assignments(): readonly Assignment[] {
    return this.#cursors.assignments();
  }

  async poll(options: {
    maxRecords: number;
    timeoutMs: number;
    signal: AbortSignal;
  }): Promise<readonly LogRecord[]> {
    const { clock } = this.#ports;
    const endMs = clock.monotonicMs() + options.timeoutMs;
    while (!options.signal.aborted) {
      const turns = this.#cursors.inTurn(this.#cursors.readable());
      const records = turns.length === 0 ? [] : await this.#read(turns, options.maxRecords);
      const leftMs = endMs - clock.monotonicMs();
      if (records.length > 0 || leftMs <= 0) return records;
      await clock.sleep(Math.min(leftMs, IDLE_POLL_MS), options.signal);
    }
    return [];
  }

  seek(assignment: Assignment, nextOffset: bigint): void {
    const cursor = this.#cursors.of(assignment);
    if (cursor) cursor.position = nextOffset;
  }

  pause(assignment: Assignment): void {
    this.#cursors.setPaused(assignment, true);
  }

  resume(assignment: Assignment): void {
    this.#cursors.setPaused(assignment, false);
  }

  async commit(assignment: Assignment, nextOffset: bigint): Promise<void> {
    const { model, world } = this.#ports;
    const isCurrent = await call(this.#ports, "commit", () => {
      const isLost = world.chance(world.climate.ackLost);
      world.sometimes("a log commit was lost", isLost);
      return isLost || model.commit(this.#group, this.#memberId, assignment, nextOffset);
    });
    if (!isCurrent) this.#owned = this.#owned.filter((owned) => owned.assignment !== assignment);
  }

  lag(): Promise<readonly { readonly assignment: Assignment; readonly lag: number }[]> {
    const { model } = this.#ports;
    const behind = (assignment: Assignment, position: bigint) =>
      Math.max(0, Number(model.bounds(assignment).end - position));
    return call(this.#ports, "lag", () =>
      this.#cursors
        .owned()
        .map(([assignment, { position }]) => ({ assignment, lag: behind(assignment, position) })),
    );
  }

  bounds(assignment: Assignment): Promise<{ start: bigint; end: bigint }> {
    return call(this.#ports, "bounds", () => this.#ports.model.bounds(assignment));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    this.#owned = [];
    await call(this.#ports, "leave", () => this.#group.leave(this.#memberId)).catch(() => {
      // The leases end anyway.
    });
  }

  async #read(turns: readonly [Assignment, Cursor][], maxRecords: number): Promise<readonly LogRecord[]> {
    const { model } = this.#ports;
    const places = turns.map(([assignment, { position }]) => ({ assignment, position }));
    const records = await call(this.#ports, "read", () => {
      const found: LogRecord[] = [];
      for (const { assignment, position } of places) {
        found.push(...model.read(assignment, position, maxRecords - found.length));
      }
      return found;
    });
    for (const { topic, partition, offset } of records) {
      const turn = turns.find(([own]) => own.topic === topic && own.partition === partition);
      if (turn) turn[1].position = offset + 1n;
    }
    return records;
  }

  #trusted(): readonly Owned[] {
    return this.#ports.clock.monotonicMs() < this.#trustedUntilMs ? this.#owned : [];
  }

  async #keepRenewing(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#ports.clock.sleep(RENEW_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      try {
        await this.#step();
      } catch {
        // A log out of reach renews nothing: trust ends.
      }
    }
  }

  async #step(): Promise<void> {
    const { model, clock } = this.#ports;
    const startedMs = clock.monotonicMs();
    const rows = await call(
      this.#ports,
      "step",
      () => model.step(this.#group, this.#memberId, this.#topics, LEASE_MS),
      RENEW_MS,
    );
    this.#owned = rows.map(
      (row) => this.#owned.find((known) => isSame(known.assignment, row.assignment)) ?? row,
    );
    this.#trustedUntilMs = startedMs + LEASE_MS - RENEW_MS;
  }
}

const isSame = (a: Assignment, b: Assignment) =>
  a.topic === b.topic &&
  a.partition === b.partition &&
  a.generation === b.generation &&
  a.topicId === b.topicId;

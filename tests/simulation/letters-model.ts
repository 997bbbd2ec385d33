/** The table of dead letters in memory, with a replay lease a row. */

import type { DeadLetterDraft } from "../../src/events/ports.ts";
import type { DeadLetter, DeadLetterFilter, Taken } from "../../src/stores/postgres/dlq-replay.ts";
import type { World } from "./world.ts";

interface Letter extends DeadLetter {
  status: DeadLetter["status"];
  generation: number;
  wasApplied: boolean;
  errorClass: DeadLetterDraft["errorClass"];
  leaseUntilMs: number;
  replayCount: number;
}

const placeOf = ({ topic, topicId, partition, offset }: DeadLetter["record"]) =>
  `${topic}/${topicId}/${partition}/${offset}`;

export class LettersModel {
  readonly rows = new Map<string, Letter>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A record that fails again stays the same row. */
  store({ record, errorClass, errorText }: DeadLetterDraft): void {
    const isCounted = errorClass === "data" || errorClass === "handler";
    this.#world.sometimes(
      errorText.includes("process died")
        ? "a record that killed its process became a dead letter"
        : isCounted
          ? "a poison record was counted and became a dead letter"
          : "an undecodable record became a dead letter",
    );
    const place = placeOf(record);
    const known = this.rows.get(place);
    if (known) Object.assign(known, { status: "pending", errorClass });
    else {
      const id = BigInt(this.rows.size + 1);
      const fresh = {
        status: "pending",
        generation: 0,
        wasApplied: false,
        leaseUntilMs: 0,
        replayCount: 0,
      } as const;
      this.rows.set(place, { id, record, errorClass, ...fresh });
    }
  }

  /** Undefined when the record is no dead letter. */
  errorClassOf(record: DeadLetter["record"]): Letter["errorClass"] | undefined {
    return this.rows.get(placeOf(record))?.errorClass;
  }

  list({ statuses, topic, limit }: DeadLetterFilter): DeadLetter[] {
    return [...this.rows.values()]
      .filter((row) => statuses.includes(row.status) && (topic === null || row.record.topic === topic))
      .slice(0, limit)
      .map((row) => ({ ...row }));
  }

  take(letter: DeadLetter, leaseMs: number): Taken {
    const row = this.#rowOf(letter);
    if (row.status !== letter.status || row.generation !== letter.generation) return { kind: "gone" };
    if (row.leaseUntilMs > this.#world.nowMs()) return { kind: "held" };
    row.generation++;
    row.leaseUntilMs = this.#world.nowMs() + leaseMs;
    return { kind: "taken", generation: row.generation };
  }

  /** False when the lease went to another replayer: `work` did not run then. */
  settle(letter: DeadLetter, generation: number, work: () => void): boolean {
    const row = this.#rowOf(letter);
    if (row.generation !== generation) return false;
    work();
    Object.assign(row, { status: "replayed", leaseUntilMs: 0, wasApplied: true });
    row.replayCount++;
    return true;
  }

  fail(letter: DeadLetter, generation: number): boolean {
    const row = this.#rowOf(letter);
    if (row.generation !== generation) return false;
    Object.assign(row, { status: "pending", leaseUntilMs: 0 });
    row.replayCount++;
    return true;
  }

  pending(): readonly DeadLetter[] {
    return [...this.rows.values()].filter(({ status }) => status === "pending");
  }

  #rowOf(letter: DeadLetter): Letter {
    return this.rows.get(placeOf(letter.record)) as Letter;
  }
}

/** All stores of one simulation, and what they hold against each call as it happens. */

import type { Assignment, ChunkEntry, LogRecord } from "../../src/events/ports.ts";
import { ConsumerModel } from "./consumer-model.ts";
import { FeaturesModel } from "./features-model.ts";
import { History } from "./history.ts";
import { IngestModel } from "./ingest-model.ts";
import { LettersModel } from "./letters-model.ts";
import { LogModel } from "./log-model.ts";
import { OutboxModel } from "./outbox-model.ts";
import { INGEST_WINDOW_MS, OUTBOX_PARTITIONS, TOPICS } from "./settings.ts";
import type { World } from "./world.ts";

export class Stores {
  readonly history = new History();
  readonly features = new FeaturesModel();
  readonly outbox: OutboxModel;
  readonly ingest: IngestModel;
  readonly letters: LettersModel;
  readonly consumer: ConsumerModel;
  readonly log: LogModel;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.outbox = new OutboxModel(world, OUTBOX_PARTITIONS, (key) => this.history.firstAppends.has(key));
    this.ingest = new IngestModel(world, this.history, this.outbox, this.features);
    this.letters = new LettersModel(world);
    this.consumer = new ConsumerModel(world, this.history, this.features, this.letters);
    this.log = new LogModel(() => world.nowMs(), {
      appended: (record) => this.#appended(record),
      committed: (assignment, nextOffset) => this.#committed(assignment, nextOffset),
    });
  }

  /** A chunk moves the stored offset over records that it holds, and over no others (I7). */
  chunk(assignment: Assignment, entries: readonly ChunkEntry[], nextOffset: bigint): void {
    const partition = this.partitionOf(assignment);
    const stored = Number(this.consumer.storedOffset(assignment));
    const held = new Set(entries.map(({ record }) => Number(record.offset)));
    for (let offset = Math.max(stored, partition?.start ?? 0); offset < Number(nextOffset); offset++) {
      if (!held.has(offset))
        this.#world.violate("I7", `${assignment.topicId} is moved over offset ${offset}`);
    }
    const isOld = entries.some(
      (entry) => entry.kind === "watch" && this.#world.nowMs() - entry.interaction.tsMs > INGEST_WINDOW_MS,
    );
    this.#world.sometimes("an event older than the ingest window was consumed", isOld);
  }

  /** Also of topics that were deleted. */
  partitionOf({ topicId, partition }: Pick<Assignment, "topicId" | "partition">) {
    return this.log.everyTopic.find(({ id }) => id === topicId)?.partitions[partition];
  }

  #appended({ topic, topicId, headers }: LogRecord): void {
    if (!headers["outbox_id"]) return; // Somebody else's message.
    const key = `${topic === TOPICS.watches ? "watch" : "impression"}-${headers["event_id"]}`;
    const isFirst = this.history.noteAppend(key);
    const isNewTopic = this.log.everyTopic.findIndex(({ id }) => id === topicId) >= 2;
    this.#world.sometimes("a duplicate publish", !isFirst && !isNewTopic);
  }

  #committed(assignment: Assignment, nextOffset: bigint): void {
    if (!this.log.partitionOf(assignment)) return; // A hint that outlived its topic.
    const stored = this.consumer.storedOffset(assignment);
    if (nextOffset > stored) {
      this.#world.violate("I7", `the log's commit ${nextOffset} is ahead of the stored offset ${stored}`);
    }
  }
}

/** The consumer's side of the store in memory: offsets with generations, markers, attempts, effects. */

import { StoreDataError, StoreUnavailableError } from "../../src/core/errors.ts";
import type {
  Assignment,
  ChunkEntry,
  ChunkResult,
  DeadLetterDraft,
  RecordPlace,
} from "../../src/events/ports.ts";
import type { Effect } from "../../src/stores/postgres/consumer-effects.ts";
import { changeOf, type FeaturesModel } from "./features-model.ts";
import type { History } from "./history.ts";
import type { LettersModel } from "./letters-model.ts";
import type { World } from "./world.ts";

interface StoredOffset {
  nextOffset: bigint;
  generation: number;
}

interface Retry {
  readonly place: RecordPlace;
  attempts: number;
  inProgress: boolean;
}

/** Whatever record was in hand when processes died. */
const DEATH = /process died/;

export const partitionOf = ({ topic, topicId, partition }: Omit<Assignment, "generation">) =>
  `${topic}/${topicId}/${partition}`;

export class ConsumerModel {
  readonly offsets = new Map<string, StoredOffset>();
  readonly markers = new Set<string>();
  readonly retries = new Map<string, Retry>();
  readonly #world: World;
  readonly #history: History;
  readonly #features: FeaturesModel;
  readonly #letters: LettersModel;

  constructor(world: World, history: History, features: FeaturesModel, letters: LettersModel) {
    this.#world = world;
    this.#history = history;
    this.#features = features;
    this.#letters = letters;
  }

  takeOver(assignment: Assignment): bigint | null | "fenced" {
    const { generation } = assignment;
    const stored = this.#offsetOf(assignment);
    if (stored.generation > generation) return "fenced";
    stored.generation = generation;
    return stored.nextOffset === 0n ? null : stored.nextOffset;
  }

  rewind(assignment: Assignment): void {
    const stored = this.#offsetOf(assignment);
    if (stored.generation === assignment.generation) stored.nextOffset = 0n;
  }

  interrupted(assignment: Assignment): bigint[] {
    return [...this.retries.values()]
      .filter(({ place, inProgress }) => inProgress && partitionOf(place) === partitionOf(assignment))
      .map(({ place }) => place.offset);
  }

  beginAttempt(place: RecordPlace): void {
    this.#retryOf(place).inProgress = true;
  }

  countAttempt(place: RecordPlace): number {
    const retry = this.#retryOf(place);
    retry.inProgress = false;
    return ++retry.attempts;
  }

  /** One transaction: throws before it changes anything, or changes all. */
  applyChunk(
    assignment: Assignment,
    entries: readonly ChunkEntry[],
    nextOffset: bigint,
    observe: () => void,
  ): ChunkResult | "fenced" {
    this.#refusePoison(entries);
    const stored = this.#offsetOf(assignment);
    if (stored.generation > assignment.generation || stored.nextOffset > nextOffset) return "fenced";
    observe();
    const fresh = this.applyEffects(
      entries.filter((entry) => entry.kind === "watch" || entry.kind === "impression"),
    );
    for (const entry of entries) if (entry.kind === "dead") this.#keepLetter(entry.letter);
    for (const [name, { place }] of this.retries) {
      if (partitionOf(place) === partitionOf(assignment) && place.offset < nextOffset)
        this.retries.delete(name);
    }
    stored.nextOffset = nextOffset;
    stored.generation = assignment.generation;
    return {
      statuses: entries.map((entry) => {
        if (entry.kind === "ignored") return "ignored";
        if (entry.kind === "dead") return "dlq";
        return fresh.has(entry) ? "processed" : "duplicate";
      }),
      changed: changeOf([...fresh].flatMap((entry) => (entry.kind === "watch" ? [entry.interaction] : []))),
    };
  }

  /** Answers the effects that were new, by their markers. */
  applyEffects(effects: readonly Effect[]): ReadonlySet<ChunkEntry> {
    const fresh = effects.filter(
      ({ streamEventId }) => !this.markers.has(streamEventId) && this.markers.add(streamEventId),
    );
    this.#world.sometimes("a record was consumed twice", fresh.length < effects.length);
    this.#features.apply(fresh.flatMap((entry) => (entry.kind === "watch" ? [entry.interaction] : [])));
    for (const entry of fresh) if (entry.kind === "impression") this.#features.expose(entry.items);
    return new Set(fresh);
  }

  /** Throws for effects that the store does not take as they are. */
  refuse(effects: readonly ChunkEntry[]): void {
    for (const effect of effects) {
      const poison = "streamEventId" in effect ? this.#history.poisonOf(effect.streamEventId) : null;
      if (poison === "data") throw new StoreDataError("22003", "value out of range");
      if (poison === "unknown") throw new TypeError("a bug that this record meets");
      if (poison === "stuck") throw new StoreUnavailableError("contention", "this row is always locked");
    }
  }

  storedOffset(place: Omit<Assignment, "generation">): bigint {
    return this.offsets.get(partitionOf(place))?.nextOffset ?? 0n;
  }

  /** Neither the store's trouble nor anything else but a record's own fault makes it a dead letter (F36). */
  #keepLetter(letter: DeadLetterDraft): void {
    const { errorClass, errorText, record } = letter;
    const isOwnFault = [...this.#history.posted.values()].some(
      ({ event, wasPoison }) => wasPoison && event.eventId === record.headers["event_id"],
    );
    if ((errorClass === "data" || errorClass === "handler") && !isOwnFault && !DEATH.test(errorText)) {
      this.#world.violate("F36", `${record.headers["event_id"]} became a dead letter: ${errorText}`);
    }
    this.#letters.store(letter);
  }

  #refusePoison(entries: readonly ChunkEntry[]): void {
    this.refuse(entries);
    if (this.#world.outages.letters === null || !entries.some(({ kind }) => kind === "dead")) return;
    this.#world.sometimes("dead letters could not be stored");
    if (this.#world.outages.letters === "refuses") throw new StoreDataError("54000", "the row is too big");
    throw new StoreUnavailableError("disk_full", "no space for dead letters");
  }

  #offsetOf(assignment: Assignment): StoredOffset {
    const name = partitionOf(assignment);
    const known = this.offsets.get(name) ?? { nextOffset: 0n, generation: 0 };
    this.offsets.set(name, known);
    return known;
  }

  #retryOf({ topic, topicId, partition, offset }: RecordPlace): Retry {
    const name = `${topic}/${topicId}/${partition}/${offset}`;
    const known = this.retries.get(name) ?? {
      place: { topic, topicId, partition, offset },
      attempts: 0,
      inProgress: false,
    };
    this.retries.set(name, known);
    return known;
  }
}

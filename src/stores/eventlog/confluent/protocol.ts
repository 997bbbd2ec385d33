/** What is said between reco and its Node child: one JSON message each way, questions numbered. */

/** A record on its way to the child: key, value in base64, headers. */
export type SentRecord = readonly [key: string, value: string, headers: Readonly<Record<string, string>>];

/** A record from the child: key and value in base64. */
export type ReadRecord = readonly [
  offset: number,
  timestampMs: number,
  key: string | null,
  value: string | null,
  headers: Readonly<Record<string, string>>,
];

/** Null: acknowledged. `code` is one of librdkafka; negative ones are its own, others are a broker's. */
export type Delivery = null | { readonly code: number; readonly text: string };

/** The newer protocol of groups (KIP-848), or the one that every broker speaks. */
export type GroupProtocol = "consumer" | "classic";

export interface OpenGroup {
  readonly id: string;
  readonly topics: readonly string[];
  readonly protocol: GroupProtocol;
}

export interface OwnedWire {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  /** Another one each time that the partition is given to this child. */
  readonly serial: number;
  readonly startOffset: number;
}

export interface AskedPlace {
  readonly topic: string;
  readonly partition: number;
  readonly serial: number;
  readonly offset: number;
}

/** `place` is the index of the asked one. */
export interface FetchedWire {
  readonly place: number;
  readonly records: readonly ReadRecord[];
  readonly nextOffset: number;
}

/** Every question with its answer. `timeoutMs` is what the asker waits. */
export interface Questions {
  /** Loads the client from the first of these folders that has it. */
  hello: { ask: { readonly folders: readonly string[] }; answer: { node: string; librdkafka: string } };
  /** Connects as a producer, or as a member of a group. `properties` are librdkafka's. */
  open: {
    ask: {
      readonly properties: Readonly<Record<string, string | number | boolean>>;
      readonly group: OpenGroup | null;
    };
    answer: null;
  };
  /** The id of a topic and the leader of each partition, -1 for none; null: no such topic. */
  topic: { ask: { readonly topic: string }; answer: { id: string; leaders: readonly number[] } | null };
  /** Makes a topic; one that exists is fine. */
  create: {
    ask: { readonly topic: string; readonly partitions: number; readonly replication: number };
    answer: null;
  };
  /** Records of one partition, in order. */
  produce: {
    ask: { readonly topic: string; readonly partition: number; readonly records: readonly SentRecord[] };
    answer: readonly Delivery[];
  };
  /** Waits at most `waitMs` for the first record. */
  fetch: {
    ask: { readonly places: readonly AskedPlace[]; readonly waitMs: number };
    answer: readonly FetchedWire[];
  };
  commit: {
    ask: { readonly topic: string; readonly partition: number; readonly offset: number };
    answer: null;
  };
  /** Settles well only where the coordinator, asked from now on, knows this child as the owner of each. */
  confirm: { ask: { readonly owned: readonly OwnedWire[] }; answer: null };
  /** First offset held and next to be written, aligned with `partitions`. */
  bounds: {
    ask: { readonly topic: string; readonly partitions: readonly number[] };
    answer: readonly (readonly [start: number, end: number])[];
  };
  /** Gives all partitions back and leaves the group. */
  leave: { ask: null; answer: null };
}

export type Kind = keyof Questions;

export interface Question<K extends Kind = Kind> {
  readonly id: number;
  readonly kind: K;
  readonly ask: Questions[K]["ask"];
  readonly timeoutMs: number;
}

/** `position_lost`: what was to be read next is not in the log, or the topic is another one. */
export interface Refusal {
  readonly text: string;
  readonly reason: "failed" | "position_lost";
}

export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly refusal: Refusal };

/** What the child tells unasked. `failed`: the client is of no use any more. */
export type News =
  | { readonly news: "alive" }
  | { readonly news: "owned"; readonly owned: readonly OwnedWire[] }
  | { readonly news: "failed"; readonly text: string; readonly needsClassic: boolean };

export const ALIVE_EVERY_MS = 1_000;

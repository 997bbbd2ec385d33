/** Records of one owned partition that were read and not yet handed over. */

import type { OwnedWire, ReadRecord } from "../protocol.ts";
import type { RdMessage } from "./rdkafka.ts";

/** Above either the partition is read no further. */
const FULL = { records: 5_000, bytes: 4 * 1024 * 1024 };
const EMPTY_SHARE = 0.25;

export class Shelf {
  readonly owned: OwnedWire;
  /** Where the reader is to be sent before anything more is shelved; null: it is where it should be. */
  seekTo: number | null = null;
  /** As the library was told. */
  paused = false;
  /** Behind what was handed over: from where the next question asks. */
  #handed: number;
  /** Behind what was read. */
  #next: number;
  #records: ReadRecord[] = [];
  #bytes = 0;

  constructor(owned: OwnedWire) {
    this.owned = owned;
    this.#handed = owned.startOffset;
    this.#next = owned.startOffset;
  }

  get next(): number {
    return this.seekTo ?? this.#next;
  }

  get wantsPause(): boolean {
    const share = this.paused ? EMPTY_SHARE : 1;
    return this.#records.length > FULL.records * share || this.#bytes > FULL.bytes * share;
  }

  /** The reader asks for `offset`: anything else on the shelf is of no use. */
  ask(offset: number): void {
    if (offset === this.#handed) return;
    this.#records = [];
    this.#bytes = 0;
    this.#handed = offset;
    this.#next = offset;
    this.seekTo = offset;
  }

  add(message: RdMessage): void {
    // Read before a seek that is still to come.
    if (this.seekTo !== null || message.offset < this.#next) return;
    this.#records.push(asWire(message));
    this.#bytes += sizeOf(message);
    this.#next = message.offset + 1;
  }

  /** Nothing is left before `end`, though it may lie behind records that are not for readers. */
  ended(end: number): void {
    if (this.seekTo === null && end > this.#next) this.#next = end;
  }

  get hasNews(): boolean {
    return this.seekTo === null && (this.#records.length > 0 || this.#next > this.#handed);
  }

  take(max: number): { records: ReadRecord[]; nextOffset: number } {
    const records = this.#records.splice(0, max);
    this.#bytes =
      this.#records.length === 0 ? 0 : this.#bytes - records.reduce((sum, own) => sum + wireSize(own), 0);
    this.#handed = this.#records[0]?.[0] ?? this.#next;
    return { records, nextOffset: this.#handed };
  }
}

const sizeOf = ({ key, value }: RdMessage) => (key?.length ?? 0) + (value?.length ?? 0);
const wireSize = ([, , key, value]: ReadRecord) => ((key?.length ?? 0) + (value?.length ?? 0)) * 0.75;

function asWire({ offset, timestamp, key, value, headers }: RdMessage): ReadRecord {
  const named = (headers ?? []).flatMap((header) =>
    Object.entries(header).map(([name, text]): [string, string] => [name, text.toString()]),
  );
  return [offset, timestamp, asBase64(key), asBase64(value), Object.fromEntries(named)];
}

const asBase64 = (bytes: Buffer | string | null): string | null =>
  bytes === null ? null : Buffer.from(bytes as Buffer).toString("base64");

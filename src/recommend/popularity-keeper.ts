/**
 * Keeps the popularity index near the store: whole every so often, changed items soon after they change.
 *
 * One read is under way at most, so that an older answer can never land on a newer one. A whole read is started by a
 * request that finds the index too old, which is then served as it is. Changed items are collected and re-read
 * together, at most once in `REREAD_INTERVAL_MS`; when that fails the index counts as too old.
 */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { ItemTable } from "./item-table.ts";
import { POPULARITY_CAPACITY, PopularityIndex } from "./popularity-index.ts";
import type { ScoredItem } from "./ports.ts";

const REREAD_INTERVAL_MS = 250;
/** More changed items than this are cheaper to see in a whole read. */
const MAX_CHANGED = 5_000;
/** The table also grows by what related lists name; past this size, models aside, a whole read starts a new one. */
const MAX_TABLE_ITEMS = 500_000;

/** Where the list comes from. */
export interface PopularitySource {
  /** The best `limit` items, highest score first. */
  top(limit: number, deadline: Deadline): Promise<readonly ScoredItem[]>;
  /** Current scores of these items; items without one are left out. */
  of(itemIds: readonly string[], deadline: Deadline): Promise<readonly ScoredItem[]>;
}

export interface PopularityKeeperOptions {
  readonly source: PopularitySource;
  readonly clock: Clock;
  readonly ttlMs: number;
  readonly readTimeoutMs: number;
  /** Slots of the old table mean nothing in the new one. */
  readonly onNewTable: () => void;
}

export class PopularityKeeper {
  readonly #options: PopularityKeeperOptions;
  #index = new PopularityIndex(new ItemTable());
  /** Items of the table that models put there: they come again in every new one. */
  #modelItems = 0;
  #origin: "nothing" | "snapshot" | "store" = "nothing";
  #loadedAtMs = Number.NEGATIVE_INFINITY;
  #flight: Promise<void> | null = null;
  readonly #changed = new Set<string>();
  #rereadAtMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | null = null;
  #closed = false;
  #errors = 0;
  #lastError: string | null = null;

  constructor(options: PopularityKeeperOptions) {
    this.#options = options;
  }

  /** The index as it is; it may be empty or old. Starts a whole read when one is due. */
  current(): PopularityIndex {
    if (this.#isOld() && !this.#flight) void this.#readAll().catch(() => {}); // Counted there.
    return this.#index;
  }

  get origin(): "nothing" | "snapshot" | "store" {
    return this.#origin;
  }

  /** False while the list is no more than a snapshot, or was empty when it was read and may have filled since. */
  get isLoaded(): boolean {
    return this.#origin === "store" && (this.#index.size > 0 || !this.#isOld());
  }

  get table(): ItemTable {
    return this.#index.table;
  }

  get errors(): number {
    return this.#errors;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  /** A model put so many new items into the table. They are no reason to begin another one, which would have them, too. */
  noteModelItems(count: number): void {
    this.#modelItems += count;
  }

  /** Resolves once the store's list was read; rejects when the read under way fails. */
  async loaded(): Promise<void> {
    if (!this.isLoaded) await (this.#flight ?? this.#readAll());
  }

  /** Serves this list until the store's own can be read. */
  seed(items: readonly ScoredItem[]): void {
    if (this.#origin === "store") return;
    this.#index.replace(items);
    this.#origin = "snapshot";
  }

  /** The store has new scores for these items. */
  note(itemIds: readonly string[]): void {
    for (const itemId of itemIds) this.#changed.add(itemId);
    if (this.#changed.size > MAX_CHANGED) this.#expire();
    this.#scheduleReread();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #isOld(): boolean {
    return this.#options.clock.monotonicMs() - this.#loadedAtMs >= this.#options.ttlMs;
  }

  #expire(): void {
    this.#changed.clear();
    this.#loadedAtMs = Number.NEGATIVE_INFINITY;
  }

  #readAll(): Promise<void> {
    this.#changed.clear(); // What changed before the read is in it.
    return this.#fly(async (deadline) => {
      const items = await this.#options.source.top(POPULARITY_CAPACITY, deadline);
      const isFull = this.table.size - this.#modelItems > MAX_TABLE_ITEMS;
      const fresh = isFull ? new PopularityIndex(new ItemTable()) : this.#index;
      fresh.replace(items);
      this.#loadedAtMs = this.#options.clock.monotonicMs();
      this.#origin = "store";
      if (fresh === this.#index) return;
      this.#index = fresh;
      this.#modelItems = 0;
      this.#options.onNewTable();
    });
  }

  #scheduleReread(): void {
    if (this.#timer || this.#flight || this.#closed || this.#origin !== "store" || this.#changed.size === 0)
      return;
    const { clock } = this.#options;
    const delayMs = Math.max(0, this.#rereadAtMs + REREAD_INTERVAL_MS - clock.monotonicMs());
    this.#timer = clock.schedule(
      delayMs,
      () => {
        this.#timer = null;
        if (!this.#flight && this.#changed.size > 0) void this.#reread().catch(() => this.#expire());
      },
      { unref: true },
    );
  }

  #reread(): Promise<void> {
    const itemIds = [...this.#changed];
    this.#changed.clear();
    this.#rereadAtMs = this.#options.clock.monotonicMs();
    return this.#fly(async (deadline) => {
      const scores = await this.#options.source.of(itemIds, deadline);
      this.#index.update(itemIds, scores);
    });
  }

  /** What changes during a flight is read after it: the flight may have seen the state before the change. */
  #fly(read: (deadline: Deadline) => Promise<void>): Promise<void> {
    const { clock, readTimeoutMs } = this.#options;
    const flight = read(Deadline.after(readTimeoutMs, clock))
      .catch((thrown: unknown) => {
        const error = asError(thrown);
        this.#errors++;
        this.#lastError = `${error.name}: ${error.message}`;
        throw error;
      })
      .finally(() => {
        this.#flight = null;
        this.#scheduleReread();
      });
    this.#flight = flight;
    return flight;
  }
}

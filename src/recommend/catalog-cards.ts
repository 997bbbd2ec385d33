/**
 * What the catalogue says of items, in memory for filters, caps and diversity.
 *
 * Small catalogues are held whole: read page by page at the start, then followed by asking for late changes and by going
 * round and round through all versions, so that nothing is missed for long. Of larger ones the first `MAX_CARDS` are
 * held, and others are read when they are asked for. Whether they are held or not, new items are told to who follows them.
 */

import { LRUCache } from "lru-cache";
import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { CardIndex } from "./card-index.ts";
import type { ItemFacts } from "./expression.ts";
import type { ItemTable } from "./item-table.ts";
import type { KeyedCache } from "./keyed-cache.ts";
import { NEW_BELOW } from "./new-item-layer.ts";
import type { NewItems } from "./new-items.ts";
import { NewestItems } from "./newest-items.ts";
import { PlacedCards } from "./placed-cards.ts";
import type { CardReader, CardVersion, CatalogCardRow } from "./ports.ts";
import { itemCache, jsonLimit, type ServingSettings, TITLES_PER_LOAD } from "./serving-settings.ts";

export interface CatalogCard extends ItemFacts {
  readonly cover_image: string | null;
}

export const MAX_CARDS = 200_000;
const POLL_MS = 500;
/** Longer than a statement that writes items takes to commit; what comes later is met by the next round. */
const WINDOW_MS = 3_000;
/** At the start the last changes are asked for however old they are, up to this: what is new may not be held. */
const START_WINDOW_MS = 7 * 86_400_000;
const PAGE = 1_000;
/** Changes without room that are remembered: those of a window. */
const MAX_TOLD = 10 * PAGE;
const OUTSIDE_TTL_MS = 1_000;

interface Held {
  /** In the index, by order of arrival. */
  readonly number: number;
  readonly version: number;
}

export interface CatalogCardsOptions {
  readonly reader: CardReader;
  readonly settings: ServingSettings;
  readonly clock: Clock;
  /** Is told of all items, and follows those that are new. */
  readonly newItems: NewItems;
  /** Other items are new than before, or are called otherwise. */
  readonly onNewItems: () => void;
  readonly maxCards?: number;
}

export class CatalogCards implements Disposable {
  /** Cards of items that are not held. */
  readonly outside: KeyedCache<CatalogCard>;
  /** Of the items that are held. */
  readonly index = new CardIndex();
  readonly newest = new NewestItems();
  readonly #reader: CardReader;
  readonly #settings: ServingSettings;
  readonly #clock: Clock;
  readonly #newItems: NewItems;
  readonly #onNewItems: () => void;
  readonly #maxCards: number;
  readonly #held = new Map<string, Held>();
  /** Apart from the versions: an answer looks hundreds of them up, and each object on the way is one more walk to far memory. */
  readonly #cards = new Map<string, CatalogCard>();
  /** In the table that was asked for last. */
  #placed: PlacedCards | null = null;
  /** Versions of items without room, so that each change of one is told once. */
  readonly #told = new LRUCache<string, number>({ max: MAX_TOLD });
  /** Where the round through the catalogue stands. */
  #after: string | null = null;
  #isWhole = false;
  #version = 0;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: CatalogCardsOptions) {
    const { reader, settings, clock, newItems, onNewItems, maxCards = MAX_CARDS } = options;
    this.#reader = reader;
    this.#settings = settings;
    this.#clock = clock;
    this.#newItems = newItems;
    this.#onNewItems = onNewItems;
    this.#maxCards = maxCards;
    this.outside = itemCache(settings, clock, {
      load: async (itemIds) => {
        const cards = await reader.cards(itemIds, this.#deadline());
        const known = new Map(cards.map(({ card }) => [card.item_id, card]));
        return new Map(itemIds.map((itemId) => [itemId, known.get(itemId) ?? unknownCard(itemId)]));
      },
      ttlMs: OUTSIDE_TTL_MS,
      limit: jsonLimit,
      maxLoad: TITLES_PER_LOAD,
    });
  }

  get size(): number {
    return this.#held.size;
  }

  /** Whether no item has to be read from `outside`. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Another number after each change of what is held. */
  get version(): number {
    return this.#version;
  }

  /** Those that are held, by the table's numbers. */
  inTable(table: ItemTable): PlacedCards {
    if (this.#placed?.table !== table) this.#placed = new PlacedCards(table, this.#cards);
    return this.#placed;
  }

  /** Null when the item has to be read from `outside`. */
  get(itemId: string): CatalogCard | null {
    return this.#cards.get(itemId) ?? (this.#isWhole ? unknownCard(itemId) : null);
  }

  /** Reads what it can by the deadline, and goes on following the catalogue. Never rejects. */
  async start(deadline: Deadline): Promise<void> {
    try {
      do await this.#nextPage();
      while (this.#after !== null && deadline.remainingMs() > 0);
      await this.#takeChanges(START_WINDOW_MS);
      this.#renewNewItems();
    } catch {
      // The store is away: the round goes on when it is back.
    }
    this.#schedule();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.schedule(POLL_MS, () => void this.#poll(), { unref: true });
  }

  async #poll(): Promise<void> {
    try {
      await this.#takeChanges(WINDOW_MS);
      // What just came is not to wait for the rest.
      this.#renewNewItems();
      await this.#nextPage();
      await this.#recountNewItems();
      this.#renewNewItems();
    } catch {
      // As at the start.
    }
    this.#schedule();
  }

  async #takeChanges(windowMs: number): Promise<void> {
    await this.#take(await this.#reader.changedCards(windowMs, PAGE, this.#deadline()), true);
  }

  #renewNewItems(): void {
    if (this.#newItems.renew()) this.#onNewItems();
  }

  async #recountNewItems(): Promise<void> {
    const due = this.#newItems.due();
    if (due.length === 0) return;
    try {
      this.#newItems.recount(due, await this.#reader.newness(due, NEW_BELOW, this.#deadline()));
    } catch (error) {
      this.#newItems.touch(due);
      throw error;
    }
  }

  async #nextPage(): Promise<void> {
    const page = await this.#reader.cardVersions(this.#after, PAGE, this.#deadline());
    await this.#take(page, false);
    const isLast = page.length < PAGE;
    // Held whole once a round came to its end and nothing had to be left out.
    if (isLast) this.#isWhole = this.#held.size < this.#maxCards;
    this.#after = isLast ? null : (page.at(-1)?.itemId ?? null);
  }

  /** `isChange`: somebody wrote these lately, so that they are told even where there is no room to hold them. */
  async #take(versions: readonly CardVersion[], isChange: boolean): Promise<void> {
    const changed = versions.flatMap(({ itemId, version }) => {
      const held = this.#held.get(itemId);
      if (held) return held.version === version ? [] : [itemId];
      if (this.#held.size < this.#maxCards) return [itemId];
      return isChange && this.#told.get(itemId) !== version ? [itemId] : [];
    });
    if (changed.length === 0) return;
    const deadline = this.#deadline();
    const [cards, newness] = await Promise.all([
      this.#reader.cards(changed, deadline),
      this.#reader.newness(changed, NEW_BELOW, deadline),
    ]);
    this.#newItems.take(cards, newness);
    this.#version++;
    for (const read of cards) this.#hold(read);
  }

  #hold({ version, card }: CatalogCardRow): void {
    const known = this.#held.get(card.item_id);
    if (known === undefined && this.#held.size >= this.#maxCards) {
      this.#isWhole = false;
      this.#told.set(card.item_id, version);
      return;
    }
    const number = known?.number ?? this.#held.size;
    this.index.put(number, card, this.#cards.get(card.item_id));
    this.#held.set(card.item_id, { number, version });
    this.#cards.set(card.item_id, card);
    this.#placed?.put(card);
    this.newest.note(card);
  }

  #deadline(): Deadline {
    return Deadline.after(this.#settings.readTimeoutMs, this.#clock);
  }
}

/** Of an item that the catalogue does not know. */
export const unknownCard = (itemId: string): CatalogCard => ({
  item_id: itemId,
  title: null,
  price: null,
  cover_image: null,
  category: null,
  author: null,
  tags: [],
  verified: false,
  published_at: null,
  attributes: {},
});

/**
 * Which catalogue items are new: hardly anybody took them, so that only what the catalogue says of them can bring them.
 *
 * They are in two layers. What came lately is indexed by itself, as often as something comes, which is cheap while it is
 * little; when it is much, all is indexed anew.
 */

import { haveSameTerms, itemTerms } from "./item-terms.ts";
import { byAge, type NewItem } from "./new-item-index.ts";
import { NEW_BELOW, NewItemLayer } from "./new-item-layer.ts";
import type { CatalogCardRow, ItemNewness } from "./ports.ts";

/** Items held; beyond it those that came first make room. */
export const MAX_NEW_ITEMS = 20_000;
const MAX_LATE = 500;
/** Interactions that are looked up again at each turn, although nobody told of a change. */
const CHECKED_A_TURN = 100;
/** Items that others took, looked up at one turn. */
const MAX_TOUCHED = 1_000;

export class NewItems {
  #items = new Map<string, NewItem>();
  readonly #touched = new Set<string>();
  #base = new NewItemLayer([]);
  #fresh = new NewItemLayer([]);
  /** Items that came or changed since the base was made. */
  readonly #late = new Set<string>();
  #changed = false;
  /** Where the turns through all items stand. */
  #checked = 0;

  /** Each item counts in one of them at most. */
  get layers(): readonly [base: NewItemLayer, fresh: NewItemLayer] {
    return [this.#base, this.#fresh];
  }

  /** Items that came to the catalogue or changed there. One that `newness` does not know is none. */
  take(rows: readonly CatalogCardRow[], newness: ReadonlyMap<string, ItemNewness>): void {
    for (const { card } of rows) {
      const known = newness.get(card.item_id);
      if (known && known.interactions < NEW_BELOW) {
        this.#put({ itemId: card.item_id, terms: itemTerms(card), ...known });
      } else this.#drop(card.item_id);
    }
    // Seldom, since sorting all for each one too many would cost more than the room.
    if (this.#items.size > MAX_NEW_ITEMS * 1.1) this.#makeRoom();
  }

  /** Somebody took these items. */
  touch(itemIds: readonly string[]): void {
    for (const itemId of itemIds) {
      if (this.#touched.size < MAX_TOUCHED && this.#items.has(itemId)) this.#touched.add(itemId);
    }
  }

  /** Whose interactions are to be looked up now: the touched, and some of all in turn. After a failure, `touch` them. */
  due(): readonly string[] {
    const all = [...this.#items.keys()];
    if (this.#checked >= all.length) this.#checked = 0;
    const inTurn = all.slice(this.#checked, this.#checked + CHECKED_A_TURN);
    this.#checked += inTurn.length;
    const due = new Set([...this.#touched, ...inTurn]);
    this.#touched.clear();
    return [...due];
  }

  /** What was looked up for the items that were due. */
  recount(due: readonly string[], newness: ReadonlyMap<string, ItemNewness>): void {
    for (const itemId of due) {
      const item = this.#items.get(itemId);
      const interactions = newness.get(itemId)?.interactions ?? NEW_BELOW;
      if (item === undefined || item.interactions === interactions) continue;
      if (interactions >= NEW_BELOW) this.#drop(itemId);
      else {
        this.#items.set(itemId, { ...item, interactions });
        this.#layerOf(itemId).note(itemId, interactions);
      }
    }
  }

  /** Brings the layers up to date when items came or changed; true when they did. */
  renew(): boolean {
    if (!this.#changed) return false;
    this.#changed = false;
    this.#makeRoom();
    const late = [...this.#late].flatMap((itemId) => this.#items.get(itemId) ?? []);
    if (late.length <= MAX_LATE) this.#fresh = new NewItemLayer(late, this.#base);
    else {
      this.#base = new NewItemLayer([...this.#items.values()]);
      this.#fresh = new NewItemLayer([]);
      this.#late.clear();
    }
    return true;
  }

  #put(item: NewItem): void {
    const known = this.#items.get(item.itemId);
    this.#items.set(item.itemId, item);
    if (known && haveSameTerms(known.terms, item.terms)) {
      this.#layerOf(item.itemId).note(item.itemId, item.interactions);
      return;
    }
    this.#base.note(item.itemId, NEW_BELOW);
    this.#late.add(item.itemId);
    this.#changed = true;
  }

  #drop(itemId: string): void {
    if (!this.#items.delete(itemId)) return;
    this.#touched.delete(itemId);
    this.#layerOf(itemId).note(itemId, NEW_BELOW);
    this.#late.delete(itemId);
  }

  #layerOf(itemId: string): NewItemLayer {
    return this.#late.has(itemId) ? this.#fresh : this.#base;
  }

  #makeRoom(): void {
    const surplus = [...this.#items.values()].sort(byAge).slice(MAX_NEW_ITEMS);
    for (const { itemId } of surplus) this.#drop(itemId);
  }
}

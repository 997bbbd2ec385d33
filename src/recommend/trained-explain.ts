/** Tells why a trained policy gave one item its score: what each source said, and which items of the profile brought it. */

import { type Column, shareOf } from "./blend-columns.ts";
import type { SourceName } from "./ranked-list.ts";
import { AGE_FACTOR } from "./stream-v1.ts";
import { PROFILE_LENGTH, type TrainedInput } from "./trained-input.ts";
import { type BlendWeights, LIST_SOURCES } from "./trained-model.ts";
import type { TrainedScratch } from "./trained-scratch.ts";

export interface Explanation {
  readonly score: number;
  /** All sources that count, also those that gave nothing. `share` = weight * (raw - least) / (most - least). */
  readonly sources: readonly {
    readonly name: SourceName;
    readonly raw: number;
    readonly weight: number;
    readonly share: number;
  }[];
  /** Items of the profile by what they brought through lists and rules, most first. */
  readonly because: readonly { readonly itemId: string; readonly share: number }[];
}

const MOST_NAMED = 5;

/** Null for an item that is no candidate. Equal inputs give what the ranking gave. */
export function explainItem(
  scratch: TrainedScratch,
  input: TrainedInput,
  weights: BlendWeights,
  itemId: string,
): Explanation | null {
  const slot = input.index.table.slotOf(itemId);
  return scratch.withColumns(input, weights, (slots, columns) => {
    if (!slots.includes(slot)) return null;
    const sources = columns.map((column) => ({
      name: column.name,
      raw: column.values[slot] as number,
      weight: column.weight,
      share: shareOf(column, slot),
    }));
    const score = sources.reduce((sum, { share }) => sum + share, 0);
    return { score, sources, because: because(input, columns, slot) };
  });
}

function because(input: TrainedInput, columns: readonly Column[], slot: number): Explanation["because"] {
  const brought = new Map<string, number>();
  const add = (by: number, share: number) => {
    if (share <= 0) return;
    const itemId = input.index.table.nameOf(by);
    brought.set(itemId, (brought.get(itemId) ?? 0) + share);
  };
  const scaleOf = (name: SourceName) => {
    const column = columns.find((each) => each.name === name);
    return column && column.most > column.least ? column.weight / (column.most - column.least) : 0;
  };
  addLists(input, slot, scaleOf, add);
  addRules(input, slot, scaleOf("sequential_rules"), add);
  return [...brought]
    .map(([itemId, share]) => ({ itemId, share }))
    .sort((a, b) => b.share - a.share || (a.itemId < b.itemId ? -1 : 1))
    .slice(0, MOST_NAMED);
}

type Add = (by: number, share: number) => void;

function addLists(
  { placed: { model, numbers }, recent }: TrainedInput,
  slot: number,
  scaleOf: (name: SourceName) => number,
  add: Add,
): void {
  const target = numbers[slot] ?? -1;
  const fading = 0.5 ** (1 / model.profileHalfLife);
  for (const name of target < 0 ? [] : LIST_SOURCES) {
    const lists = model.lists[name];
    const scale = scaleOf(name);
    if (lists === undefined || scale === 0) continue;
    for (let place = 0; place < Math.min(recent.length, PROFILE_LENGTH); place++) {
      const number = numbers[recent[place] as number] ?? -1;
      if (number < 0) continue;
      const [from, to] = [lists.starts[number] as number, lists.starts[number + 1] as number];
      const entry = lists.items.subarray(from, to).indexOf(target);
      if (entry >= 0)
        add(recent[place] as number, scale * fading ** place * (lists.weights[from + entry] as number));
    }
  }
}

/** The lists of neighbours belong to the newest distinct items, in their order. */
function addRules({ neighbours, recent }: TrainedInput, slot: number, scale: number, add: Add): void {
  const newest = [...new Set(Array.from(recent))];
  for (const [place, list] of neighbours.entries()) {
    const at = list?.slots.indexOf(slot) ?? -1;
    if (list && at >= 0)
      add(newest[place] as number, scale * AGE_FACTOR ** place * (list.ruleShares[at] as number));
  }
}

/** What a stored slate promises, checked on whatever makes it again or explains it: the real thing, or a mutant. */

import type { ExplainedItem } from "../../src/recommend/slates/explain-slate.ts";
import type { StoredSlate } from "../../src/recommend/slates/slate.ts";
import { serveSlate } from "./served.ts";
import { serving } from "./serving.ts";

const contents = () => ({
  recent: new Map([["u1", { itemIds: ["a"], tsMs: [1] }]]),
  neighbours: new Map([["a", { totalWeight: 5, items: [{ itemId: "next", weight: 5, count: 2 }] }]]),
  decayed: ["p", "q", "r"].map((itemId, place) => ({ itemId, score: 10 - place, category: null })),
});

export type World = ReturnType<typeof serving>;

/** The items of the slate, made again in a world that has moved on. Throws where they are others. */
export async function checkReplay(
  replay: (stored: StoredSlate, world: World) => Promise<readonly string[]>,
): Promise<void> {
  const world = serving({ contents: contents(), settings: { policy: "stream-v1" } });
  const stored = await serveSlate(world, { k: 3 });
  world.store.recent.set("u1", { itemIds: ["a", "p"], tsMs: [1, 2] });
  world.state.apply({ userIds: ["u1"], itemIds: [], relatedItemIds: [], ruleItemIds: [], eventIds: [] });
  const shown = stored.slate.items.map(({ itemId }) => itemId);
  const again = await replay(stored, world);
  if (again.join() !== shown.join()) throw new Error(`shown ${shown.join()}, and again ${again.join()}`);
}

/** Contributions of a boosted slate add up to the scores. Throws where they do not. */
export async function checkContributions(
  boost: NonNullable<Parameters<typeof serveSlate>[1]>["boost"],
  explain: (stored: StoredSlate) => readonly ExplainedItem[],
): Promise<void> {
  const world = serving({ contents: contents(), settings: { policy: "stream-v1" } });
  const stored = await serveSlate(world, { k: 3, ...(boost && { boost }) });
  for (const { item_id, score, contributions } of explain(stored)) {
    const sum = (contributions ?? []).reduce((total, { contribution }) => total + contribution, 0);
    if (Math.abs(sum - score) > 1e-9) throw new Error(`${item_id} scores ${score}, and its parts ${sum}`);
  }
}

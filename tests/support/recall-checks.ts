/** What must hold of answers that are kept. */

import { expect } from "bun:test";
import { DEFAULT_CHANNEL_WEIGHTS } from "../../src/recommend/catalogue/channel-weights.ts";
import { cards, catalogue } from "./catalogue.ts";

/** Two items like `x` in the catalogue, and two that followed it. */
export const aShelf = () =>
  catalogue({
    neighbours: new Map([
      [
        "x",
        {
          totalWeight: 3,
          items: [
            { itemId: "after-1", weight: 2, count: 2 },
            { itemId: "after-2", weight: 1, count: 1 },
          ],
        },
      ],
    ]),
    cards: cards({ x: { tags: ["a", "b"] }, "like-1": { tags: ["a", "b"] }, "like-2": { tags: ["a"] } }),
  });

type Shelf = Awaited<ReturnType<typeof aShelf>>;

/** A31: not even in an answer from before it was hidden. */
export async function checkHiddenLeavesKeptAnswers({ beside, store, clock }: Shelf): Promise<void> {
  expect((await beside()).ids).toContain("like-1");
  store.hiddenItems.add("like-1");
  await clock.advance(1_000);
  expect((await beside()).ids).not.toContain("like-1");
}

/** An answer goes by the weights that hold now. */
export async function checkKeptAnswersGoByWhatServes({ beside, recommender }: Shelf): Promise<void> {
  recommender.weigh({ ...DEFAULT_CHANNEL_WEIGHTS, behavior: 0 });
  expect((await beside()).ids[0]).toBe("like-1");
  recommender.weigh({ ...DEFAULT_CHANNEL_WEIGHTS, behavior: 100 });
  expect((await beside()).ids[0]).toBe("after-1");
}

/** Serving with one guarantee broken at a time: the check that the real one passes must catch it. */

import { expect, test } from "bun:test";
import { aShop, checkNewItemReached } from "../support/reach-checks.ts";

const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );

test("new items that are read at the start and never followed are caught", async () => {
  const shop = aShop(undefined, ({ reader }) => {
    const { cards } = reader;
    let start: ReadonlySet<string> | null = null;
    reader.cards = async (itemIds, deadline) => {
      start ??= new Set(itemIds);
      return cards(
        itemIds.filter((id) => start?.has(id)),
        deadline,
      );
    };
  });
  expect(await failure(checkNewItemReached(shop))).toContain("new-film");
});

test("lists that are kept although new items came are caught", async () => {
  const shop = aShop();
  shop.state.rankedLists.clear = () => {};
  expect(await failure(checkNewItemReached(shop))).toContain("new-film");
});

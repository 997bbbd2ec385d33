/** Catalogue recall with one guarantee broken at a time: the check that the real one passes must catch it. */

import { afterEach, expect, spyOn, test } from "bun:test";
import { AnswerCache } from "../../src/recommend/catalogue/answer-cache.ts";
import {
  aShelf,
  checkHiddenLeavesKeptAnswers,
  checkKeptAnswersGoByWhatServes,
} from "../support/recall-checks.ts";

let restore = () => {};
afterEach(() => restore());

const failure = (check: Promise<void>): Promise<string> =>
  check.then(
    () => "passed",
    (error: Error) => error.message,
  );

test("nothing broken passes", async () => {
  await checkHiddenLeavesKeptAnswers(await aShelf());
  await checkKeptAnswersGoByWhatServes(await aShelf());
});

test("kept answers whatever they were made by are caught", async () => {
  const { findLastGood } = AnswerCache.prototype;
  const spy = spyOn(AnswerCache.prototype, "find").mockImplementation(function (
    this: AnswerCache,
    key,
    _stamp,
    deadline,
  ) {
    return findLastGood.call(this, key, deadline);
  });
  restore = () => spy.mockRestore();
  expect(await failure(checkKeptAnswersGoByWhatServes(await aShelf()))).toContain("after-1");
});

test("kept answers with what came to be hidden are caught", async () => {
  const shelf = await aShelf();
  const hidden = spyOn(shelf.state.visibility.items, "has").mockImplementation(() => false);
  restore = () => hidden.mockRestore();
  expect(await failure(checkHiddenLeavesKeptAnswers(shelf))).toContain("like-1");
});

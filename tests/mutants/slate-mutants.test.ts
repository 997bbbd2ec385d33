/** Replays and explanations with one guarantee broken at a time: the check that the real ones pass must catch it. */

import { expect, test } from "bun:test";
import { compileBoost } from "../../src/recommend/expression.ts";
import { explainSlate } from "../../src/recommend/slates/explain-slate.ts";
import { replaySlate } from "../../src/recommend/slates/replay.ts";
import type { StoredSlate } from "../../src/recommend/slates/slate.ts";
import { checkContributions, checkReplay, type World } from "../support/slate-checks.ts";

const boost = compileBoost('item.item_id == "next" ? 0.5 : 2');
const itemsOf = (stored: StoredSlate) => explainSlate(stored).items;

const fromFeatures = async (stored: StoredSlate) => {
  const replay = replaySlate(stored, { kind: "stored" });
  return replay.ok ? replay.value.replayed.map(({ item_id }) => item_id) : [];
};

/** Asks what serves now. */
const fromLiveState = async ({ slate }: StoredSlate, { ask }: World) =>
  (await ask("reco", { userId: slate.userId, k: slate.k, sessionId: slate.sessionId })).ids;

const withoutBoost = (stored: StoredSlate) =>
  itemsOf(stored).map((item) => ({
    ...item,
    contributions: item.contributions?.filter(({ name }) => name !== "boost") ?? null,
  }));

test("the real ones pass", async () => {
  await checkReplay(fromFeatures);
  await checkContributions(boost.ok ? boost.value : null, itemsOf);
});

test("a replay that reads the live state is caught by what the user did since", async () => {
  await expect(checkReplay(fromLiveState)).rejects.toThrow("and again");
});

test("contributions without the boost are caught by their sum", async () => {
  await expect(checkContributions(boost.ok ? boost.value : null, withoutBoost)).rejects.toThrow("its parts");
});

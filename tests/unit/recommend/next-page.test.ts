/** A ranked list page by page: nothing twice, nothing left out, whatever happens between two pages. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../../src/core/deadline.ts";
import { SIGNAL_WEIGHT } from "../../../src/events/model.ts";
import { itemKnn } from "../../../src/models/item-knn.ts";
import { takesOf } from "../../../src/models/takes.ts";
import { type CatalogCard, unknownCard } from "../../../src/recommend/catalog-cards.ts";
import type { Page } from "../../../src/recommend/paged-list.ts";
import type { RecoAnswer, RecoRequest } from "../../../src/recommend/recommender.ts";
import type { ServingRules } from "../../../src/recommend/serving-rules.ts";
import { NO_SPREAD } from "../../../src/recommend/spread.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import { serving } from "../../support/serving.ts";
import { logOf } from "../models/logs.ts";

const log = logOf("a x|a x|a y|b z|b z");
const model: TrainedModel = {
  runId: "20260101_023000",
  strategy: "knn_rules_blend",
  itemIds: log.itemIds,
  lists: { item_knn: itemKnn(takesOf(log)) },
  sessions: null,
  weights: { item_knn: 0.7, sequential_rules: 0.2, decayed_popularity: 0.1 },
  sessionWeights: { sequential_rules: 0.9, decayed_popularity: 0.1 },
  profileHalfLife: 5,
  signalWeights: SIGNAL_WEIGHT,
};

const POPULAR = Array.from({ length: 60 }, (_, place) => `p${String(place).padStart(2, "0")}`);
const AUTHORS = ["one", "two", "three"];
const cards = () =>
  new Map(
    POPULAR.map((itemId, place) => {
      const card: CatalogCard = {
        ...unknownCard(itemId),
        author: AUTHORS[place % AUTHORS.length] as string,
        tags: [`t${place % 4}`, `t${place % 7}`],
      };
      return [itemId, { version: 1, card }];
    }),
  );

const setUp = (rules: Partial<ServingRules> = {}) =>
  serving({
    contents: {
      recent: new Map([["u1", { itemIds: ["a"], tsMs: [1_000] }]]),
      decayed: POPULAR.map((itemId, place) => ({ itemId, score: 10 - place / 10, category: null })),
      cards: cards(),
    },
    settings: { policy: "trained", rankedListTtlMs: 20_000 },
    model,
    rules,
  });
type Served = ReturnType<typeof setUp>;

const REQUEST: RecoRequest = { userId: "u1", sessionId: null, k: 7, exclude: new Set(), isPaged: true };

async function continued(
  { recommender, clock }: Served,
  page: Page,
  request: Partial<RecoRequest> = {},
): Promise<RecoAnswer> {
  const deadline = Deadline.after(250, clock);
  const call = Promise.resolve(recommender.nextPage(page, { ...REQUEST, ...request }, deadline));
  await clock.advance(100);
  return call;
}

/** All pages, with `between` before each but the first. */
async function pagesOf(
  served: Served,
  request: Partial<RecoRequest> = {},
  between: (page: number) => Partial<RecoRequest> | undefined = () => undefined,
): Promise<readonly (readonly string[])[]> {
  let answer: RecoAnswer = await served.ask("reco", { ...REQUEST, ...request });
  const pages = [answer.list.itemIds];
  while (answer.page !== null) {
    const changed = between(pages.length);
    answer = await continued(served, answer.page, {
      ...request,
      explorationId: `r-${pages.length}`,
      ...changed,
    });
    pages.push(answer.list.itemIds);
  }
  return pages;
}

const ALL = ["x", "y", ...POPULAR];

describe("a list page by page", () => {
  test("is the ranked list, cut", async () => {
    const whole = (await setUp().ask("reco", { k: 200 })).ids;
    const pages = await pagesOf(setUp());
    expect(pages.flat()).toEqual([...whole]);
    expect(pages.map(({ length }) => length)).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 6]);
  });

  test("the first page is what an answer without pages would be", async () => {
    const { list } = await setUp().ask("reco", REQUEST);
    expect(list).toEqual((await setUp().ask("reco", { ...REQUEST, isPaged: false })).list);
  });

  test("shows everything once, with whatever rules and sizes of pages", async () => {
    const rules = fc.record({
      spread: fc.record({
        ...Object.fromEntries(Object.entries(NO_SPREAD).map(([name, value]) => [name, fc.constant(value)])),
        maxPerAuthor: fc.integer({ min: 0, max: 3 }),
        diversityLambda: fc.constantFrom(1, 0.85, 0.5),
      }),
      exploration: fc.record({
        epsilon: fc.constantFrom(0, 0.3, 1),
        fromPosition: fc.integer({ min: 0, max: 3 }),
        poolSize: fc.integer({ min: 1, max: 200 }),
      }),
    });
    await fc.assert(
      fc.asyncProperty(rules, fc.integer({ min: 1, max: 40 }), async (given, k) => {
        const pages = await pagesOf(setUp(given as ServingRules), { k, explorationId: "r-0" });
        expect(pages.flat().toSorted()).toEqual(ALL.toSorted());
      }),
      { numRuns: 40 },
    );
  });

  test("goes on as it was after clicks on what was shown, and after another policy took over", async () => {
    const served = setUp();
    const whole = (await setUp().ask("reco", { k: 200 })).ids;
    const pages = await pagesOf(served, {}, (page) => {
      const itemId = whole[page - 1] as string;
      const click = { eventId: `click-${page}`, userId: "u1", signal: "click", tsMs: 9_000 + page } as const;
      served.state.overlayAdd([{ ...click, itemId, origin: "stream" }]);
      if (page === 3) served.recommender.install({ primary: null, shadow: null });
      return undefined;
    });
    expect(pages.flat()).toEqual([...whole]);
  });

  test("passes over what came to be hidden, was seen elsewhere, or is excluded now", async () => {
    const served = setUp();
    const pages = await pagesOf(served, {}, (page) => {
      if (page === 1) served.state.visibility.items.replace(new Set(["p20"]));
      const seen = { eventId: "w-1", userId: "u1", itemId: "p21", signal: "view", tsMs: 9_000 } as const;
      served.state.overlayAdd([{ ...seen, origin: "stream" }]);
      return { exclude: new Set(["p22"]) };
    });
    const gone = new Set(["p20", "p21", "p22"]);
    expect(pages.flat().toSorted()).toEqual(ALL.filter((itemId) => !gone.has(itemId)).toSorted());
  });

  test("asks the filter again, as items change", async () => {
    const banned = new Set<string>();
    const filter = {
      text: "",
      asksUser: false,
      asksItem: [],
      of: ({ item_id: id }: { item_id: string }) => !banned.has(id),
    };
    const pages = await pagesOf(setUp(), { filter }, (page) => {
      if (page === 2) banned.add("p30");
      return undefined;
    });
    expect(pages.flat()).not.toContain("p30");
    expect(pages.flat().length).toBe(ALL.length - 1);
  });

  test("the same page asked for twice is the same", async () => {
    const served = setUp({ exploration: { epsilon: 0.5, fromPosition: 0, poolSize: 50 } });
    const { page } = await served.ask("reco", REQUEST);
    const twice = [1, 2].map(() => continued(served, page as Page, { explorationId: "r-1" }));
    const [one, other] = await Promise.all(twice);
    expect(one?.list).toEqual(other?.list as RecoAnswer["list"]);
  });

  test("a list that could not be read gives an empty answer that says so", async () => {
    const { recommender, clock } = setUp();
    const answer = await recommender.nextPage(null, REQUEST, Deadline.after(250, clock));
    expect(answer).toMatchObject({ strategy: "fallback:empty", degraded: "error:empty", page: null });
    expect(answer.list.itemIds).toEqual([]);
  });

  test("no answer says where it goes on unless it is asked", async () => {
    expect((await setUp().ask("reco", { ...REQUEST, isPaged: false })).page).toBeNull();
  });
});

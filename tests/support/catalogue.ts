/** Catalogue recall over a store in memory and a clock that the test moves. */

import { Deadline } from "../../src/core/deadline.ts";
import { type CatalogCard, unknownCard } from "../../src/recommend/catalog-cards.ts";
import type { CatalogueReader, SharedTexts, TrendingSets } from "../../src/recommend/catalogue/ports.ts";
import { createCatalogueRecommender } from "../../src/recommend/catalogue/recommender.ts";
import type { CatalogueRequest } from "../../src/recommend/catalogue/request.ts";
import type { ScoredItem } from "../../src/recommend/ports.ts";
import type { FakeStore } from "./fake-feature-reader.ts";
import { serving } from "./serving.ts";

export const cards = (about: Record<string, Partial<CatalogCard>>): FakeStore["cards"] =>
  new Map(
    Object.entries(about).map(([itemId, card]) => [
      itemId,
      { version: 1, card: { ...unknownCard(itemId), title: `Title of ${itemId}`, ...card } },
    ]),
  );

export interface CatalogueContents {
  /** By item; others have many interactions, the newest one now. */
  readonly activity?: Map<string, { interactions: number; newestMs: number | null }>;
  signals?: ScoredItem[];
  readonly trending?: ScoredItem[];
  readonly shared?: (SharedTexts & TrendingSets) | null;
}

export const ASK_MS = 8_000;

export async function catalogue(contents: Partial<FakeStore>, own: CatalogueContents = {}) {
  const base = serving({ contents });
  const { clock, state, store, failed, late } = base;
  const recalled: [channel: string, items: number][] = [];
  const read = async <T>(answer: () => T): Promise<T> => {
    if (store.mood.kind === "failing") throw store.mood.error;
    if (store.mood.kind === "frozen") return new Promise(() => {});
    return answer();
  };
  const counts = { signalPoints: 0, activity: 0 };
  const reader: CatalogueReader = {
    activity(itemIds) {
      counts.activity++;
      const usual = () => ({ interactions: 1_000, newestMs: clock.nowMs() });
      return read(() => itemIds.map((itemId) => ({ itemId, ...(own.activity?.get(itemId) ?? usual()) })));
    },
    signalPoints() {
      counts.signalPoints++;
      return read(() => own.signals ?? []);
    },
    trendingScores: () => read(() => own.trending ?? []),
  };
  const recommender = createCatalogueRecommender({
    state,
    reader,
    shared: own.shared ?? null,
    clock,
    observer: {
      late: (endpoint, operation) => void late.push(`${endpoint} ${operation}`),
      recalled: (channel, items) => void recalled.push([channel, items]),
      failed: (what, error) => void failed.push(`${what}: ${error.message}`),
    },
    readTimeoutMs: 500,
    cacheEnabled: true,
  });
  await base.warmUp();

  /** Lets time pass until the call has answered. */
  const settle = async <T>(call: Promise<T>): Promise<T> => {
    let done: { value: T } | null = null;
    void call.then((value) => {
      done = { value };
    });
    for (let waited = 0; waited <= ASK_MS && done === null; waited += 100) await clock.advance(100);
    if (done === null) throw new Error("no answer inside the deadline");
    return (done as { value: T }).value;
  };
  const beside = async (request: Partial<CatalogueRequest> = {}) => {
    const asked: CatalogueRequest = {
      route: "similar",
      itemId: "x",
      userId: null,
      limit: 10,
      requestId: "call-0001",
      source: "unknown",
      isMobile: false,
      ...request,
    };
    const answer = await settle(recommender.beside(asked, Deadline.after(ASK_MS, clock)));
    return { ...answer, ids: answer.items.map(({ itemId }) => itemId) };
  };
  const trending = async (limit = 20, timeframe: "1h" | "24h" = "1h") => {
    const answer = await settle(recommender.trending(timeframe, limit, Deadline.after(ASK_MS, clock)));
    return { ...answer, ids: answer.items.map(({ itemId }) => itemId) };
  };
  return { ...base, recommender, beside, trending, counts, recalled, own };
}

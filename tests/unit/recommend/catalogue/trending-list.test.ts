import { describe, expect, test } from "bun:test";
import { StoreUnavailableError } from "../../../../src/core/errors.ts";
import { cards, catalogue } from "../../../support/catalogue.ts";
import { items } from "../../../support/fake-feature-reader.ts";

const down = { kind: "failing", error: new StoreUnavailableError("connect", "away") } as const;
const sets = (top: () => ReturnType<typeof items> | null) => ({
  get: async () => null,
  set: () => {},
  top: async () => top(),
});

describe("what many take at the moment", () => {
  test("is counted from the store's events where nodes share nothing, and filled up", async () => {
    const { trending } = await catalogue(
      { popularity: items({ p: 5 }), cards: cards({ a: { price: 3 } }), hiddenItems: new Set(["b"]) },
      { signals: items({ a: 9, b: 7 }), trending: items({ t: 1 }) },
    );
    const answer = await trending();
    expect(answer.ids).toEqual(["a", "t", "p"]);
    expect(answer.degraded).toBeNull();
    expect(answer.items[0]).toEqual({ itemId: "a", title: "Title of a", price: 3, coverImage: null });
    expect((await trending(1)).ids).toEqual(["a"]);
  });

  test("is taken from the sets that nodes share, and from the store while they are out of reach", async () => {
    let top: ReturnType<typeof items> | null = items({ shared: 4 });
    const { trending, clock } = await catalogue(
      {},
      { signals: items({ stored: 4 }), shared: sets(() => top) },
    );
    expect((await trending()).ids).toEqual(["shared"]);
    top = null;
    await clock.advance(1_100);
    await trending();
    expect((await trending()).ids).toEqual(["stored"]);
  });

  test("is read once a second at most, whoever asks", async () => {
    const { trending, counts, clock } = await catalogue({}, { signals: items({ a: 1 }) });
    await trending();
    for (let n = 0; n < 5; n++) await trending();
    expect(counts.signalPoints).toBe(1);
    await clock.advance(1_100);
    await trending();
    expect(counts.signalPoints).toBe(2);
  });

  test("is the last list while the store is away, or what is popular, and says so", async () => {
    const known = await catalogue({ popularity: items({ p: 5 }) }, { signals: items({ a: 1 }) });
    await known.trending();
    known.store.mood = down;
    await known.clock.advance(2_000);
    await known.trending();
    const late = await known.trending();
    expect([late.ids, late.degraded]).toEqual([["a", "p"], "error:redis"]);

    const fresh = await catalogue({ popularity: items({ p: 5 }) });
    fresh.store.mood = down;
    const first = await fresh.trending();
    expect([first.ids, first.degraded]).toEqual([["p"], "error:popular"]);

    const empty = await catalogue({});
    expect(await empty.trending()).toMatchObject({ items: [], degraded: null });
    const gone = await catalogue({});
    gone.store.mood = down;
    expect(await gone.trending()).toMatchObject({ items: [], degraded: "error:no_fallback" });
  });
});

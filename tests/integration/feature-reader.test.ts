import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CatalogItem } from "../../src/catalog/item.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { FeatureReader } from "../../src/recommend/ports.ts";
import { createFeatureReader } from "../../src/stores/postgres/feature-reader.ts";
import { upsertItems } from "../../src/stores/postgres/item-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { NOW_MS } from "../support/plans.ts";

let database: TestDatabase;
let pool: Pool;
let reader: FeatureReader;
const soon = () => Deadline.after(5_000);

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool();
  reader = createFeatureReader(pool);
  await pool.use("write", soon(), async (sql) => {
    await sql`insert into item_popularity (item_id, score) values ('b', 7), ('a', 7), ('c', 90), ('d', 1)`;
    await sql`
      insert into co_visitation (prev_item_id, next_item_id, cnt)
      values ('a', 'x', 2), ('a', 'z', 5), ('a', 'y', 2), ('a', 'gone', 0), ('b', 'x', 1)`;
    await sql`
      insert into seq_rule (prev_item_id, next_item_id, w, n)
      values ('a', 'p', 0.5, 2), ('a', 'q', 4, 4), ('a', 'x', 4, 9), ('a', 'y', 0.25, 1), ('c', 'x', 1.5, 2)`;
    await sql`insert into item_decay (item_id, score) values ('b', 7), ('a', 7), ('c', -3.5), ('d', 1)`;
    await sql`
      insert into events (event_id, user_id, item_id, event_type, ts)
      select 'e-' || item_id, 'u', item_id, signal, to_timestamp(${NOW_MS}::bigint / 1000.0) + ms * interval '1 ms'
      from (values (1, 'late', 'purchase', 3), (2, 'first', 'view', 1), (3, 'tie', 'view', 1), (4, 'last', 'click', 4))
        as h(ord, item_id, signal, ms) order by ord`;
    await sql`
      insert into user_history (user_id, pos, item_id, ts)
      select 'u', pos, item_id, to_timestamp(${NOW_MS}::bigint / 1000.0) + ms * interval '1 ms'
      from (values (1, 'late', 3), (2, 'first', 1), (3, 'tie', 1), (4, 'last', 4)) as h(pos, item_id, ms)`;
  });
});
afterAll(() => database[Symbol.asyncDispose]());

const anItem = (over: Partial<CatalogItem>): CatalogItem => ({
  itemId: "i-1",
  title: "Title",
  price: null,
  coverImage: null,
  category: null,
  author: null,
  tags: [],
  verified: false,
  publishedAtMs: null,
  hidden: false,
  attributes: {},
  ...over,
});

describe("feature reader", () => {
  test("popularity is highest first, equal scores in item order", async () => {
    expect(await reader.popularity(3, soon())).toEqual([
      { itemId: "c", score: 90 },
      { itemId: "a", score: 7 },
      { itemId: "b", score: 7 },
    ]);
  });

  test("popularity of given items leaves out unknown ones", async () => {
    const scores = await reader.popularityOf(["d", "nobody", "c"], soon());
    expect(new Map(scores.map(({ itemId, score }) => [itemId, score]))).toEqual(
      new Map([
        ["d", 1],
        ["c", 90],
      ]),
    );
  });

  test("related gives each asked item its successors by count, without spent pairs", async () => {
    expect(await reader.related(["a", "nobody", "b", "a"], 2, soon())).toEqual(
      new Map([
        [
          "a",
          [
            { itemId: "z", score: 5 },
            { itemId: "x", score: 2 },
          ],
        ],
        ["nobody", []],
        ["b", [{ itemId: "x", score: 1 }]],
      ]),
    );
  });

  test("history is the newest items by time and arrival, oldest first", async () => {
    expect(await reader.histories(["nobody", "u", "nobody"], 3, soon())).toEqual(
      new Map([
        ["nobody", []],
        [
          "u",
          [
            { itemId: "tie", tsMs: NOW_MS + 1 },
            { itemId: "late", tsMs: NOW_MS + 3 },
            { itemId: "last", tsMs: NOW_MS + 4 },
          ],
        ],
      ]),
    );
  });

  test("neighbours are the strongest rules and the most frequent transitions, and the weight of all", async () => {
    const read = await reader.neighbours(["a", "nobody", "c", "b", "a"], 2, soon());
    expect(read).toEqual(
      new Map([
        [
          "a",
          {
            totalWeight: 8.75,
            items: [
              { itemId: "x", weight: 4, count: 2 },
              { itemId: "q", weight: 4, count: 0 },
              { itemId: "z", weight: 0, count: 5 },
            ],
          },
        ],
        ["nobody", { totalWeight: 0, items: [] }],
        ["c", { totalWeight: 1.5, items: [{ itemId: "x", weight: 1.5, count: 0 }] }],
        ["b", { totalWeight: 0, items: [{ itemId: "x", weight: 0, count: 1 }] }],
      ]),
    );
  });

  test("neighbours beyond the limit of both are cut off", async () => {
    const itemsOf = async (limit: number) =>
      (await reader.neighbours(["a"], limit, soon())).get("a")?.items.map(({ itemId }) => itemId);
    expect(await itemsOf(1)).toEqual(["x", "z"]);
    expect(await itemsOf(100)).toEqual(["x", "q", "p", "y", "z"]);
  });

  test("recent events are the newest by time and arrival, oldest first, for every user", async () => {
    const read = await reader.recentEvents(["nobody", "u"], 3, soon());
    expect(read).toEqual(
      new Map([
        ["nobody", { itemIds: [], tsMs: [], weights: [] }],
        [
          "u",
          {
            itemIds: ["tie", "late", "last"],
            tsMs: [NOW_MS + 1, NOW_MS + 3, NOW_MS + 4],
            weights: [1, 10, 3],
          },
        ],
      ]),
    );
    const all = await reader.recentEvents(["u"], 1000, soon());
    expect(all.get("u")?.itemIds).toEqual(["first", "tie", "late", "last"]);
  });

  test("decayed popularity is highest first, with the category of the catalogue", async () => {
    await upsertItems(
      pool,
      [anItem({ itemId: "a", category: "films" }), anItem({ itemId: "d", category: null })],
      soon(),
    );
    expect(await reader.decayedPopularity(3, soon())).toEqual([
      { itemId: "a", score: 7, category: "films" },
      { itemId: "b", score: 7, category: null },
      { itemId: "d", score: 1, category: null },
    ]);
    expect(await reader.decayedPopularityOf(["c", "nobody", "a"], soon())).toEqual([
      { itemId: "a", score: 7, category: "films" },
      { itemId: "c", score: -3.5, category: null },
    ]);
  });

  test("ids of any characters come back unchanged", async () => {
    const itemId = `"'\\{},:*../ é \u0007`;
    const userId = `u${itemId}`;
    await pool.use("write", soon(), async (sql) => {
      await sql`insert into seq_rule (prev_item_id, next_item_id, w, n) values (${itemId}, ${itemId}, 1, 1)`;
      await sql`
        insert into events (event_id, user_id, item_id, event_type, ts)
        values ('e-odd', ${userId}, ${itemId}, 'view', now())`;
      await sql`insert into user_history (user_id, pos, item_id, ts) values (${userId}, 1, ${itemId}, now())`;
    });
    const around = await reader.neighbours([itemId], 5, soon());
    expect(around.get(itemId)?.items.map((item) => item.itemId)).toEqual([itemId]);
    expect((await reader.recentEvents([userId], 5, soon())).get(userId)?.itemIds).toEqual([itemId]);
    expect((await reader.histories([userId], 5, soon())).get(userId)?.[0]?.itemId).toBe(itemId);
  });

  test("items are title and visibility of the known ones", async () => {
    await upsertItems(pool, [anItem({}), anItem({ itemId: "i-2", title: null, hidden: true })], soon());
    const cards = await reader.items(["i-2", "nobody", "i-1"], soon());
    expect(cards.toSorted((a, b) => (a.itemId < b.itemId ? -1 : 1))).toEqual([
      { itemId: "i-1", title: "Title", hidden: false },
      { itemId: "i-2", title: null, hidden: true },
    ]);
  });
});

describe("item store", () => {
  test("stores every column", async () => {
    const item = anItem({
      itemId: "full",
      price: 9.5,
      coverImage: "https://example.org/x.jpg",
      category: "films",
      author: "A. Uthor",
      tags: ["Comedy", 'quoted "tag", {x}'],
      verified: true,
      publishedAtMs: NOW_MS,
      attributes: { year: 1995 },
    });
    await upsertItems(pool, [item], soon());
    const [row] = await pool.use(
      "read",
      soon(),
      (sql) => sql`
      select title, price, cover_image, category, author, to_json(tags) as tags, verified, published_at, hidden, attributes,
        jsonb_typeof(attributes) as type
      from items where item_id = 'full'`,
    );
    expect(row).toEqual({
      title: "Title",
      price: 9.5,
      cover_image: "https://example.org/x.jpg",
      category: "films",
      author: "A. Uthor",
      tags: ["Comedy", 'quoted "tag", {x}'],
      verified: true,
      published_at: new Date(NOW_MS),
      hidden: false,
      attributes: { year: 1995 },
      type: "object",
    });
  });

  test("counts new and replaced items; of equal ids the last one counts", async () => {
    const first = await upsertItems(pool, [anItem({ itemId: "n-1" }), anItem({ itemId: "n-2" })], soon());
    expect(first).toEqual({ inserted: 2, updated: 0 });
    const again = [
      anItem({ itemId: "n-3" }),
      anItem({ itemId: "n-2" }),
      anItem({ itemId: "n-2", title: "Newer" }),
    ];
    expect(await upsertItems(pool, again, soon())).toEqual({ inserted: 1, updated: 1 });
    expect((await reader.items(["n-2"], soon()))[0]?.title).toBe("Newer");
  });
});

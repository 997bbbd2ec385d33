/** Items, users and hidden items on a real store, and merges held against the reference fold. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { CatalogItem } from "../../src/catalog/item.ts";
import type { ItemStore, UserStore } from "../../src/catalog/ports.ts";
import { Deadline } from "../../src/core/deadline.ts";
import type { ItemId, UserId } from "../../src/core/ids.ts";
import { foldInteractions } from "../../src/events/fold.ts";
import type { Interaction } from "../../src/events/model.ts";
import { applyInteractions } from "../../src/stores/postgres/feature-fold.ts";
import { createFeatureReader } from "../../src/stores/postgres/feature-reader.ts";
import { createItemStore } from "../../src/stores/postgres/item-store.ts";
import type { Pool } from "../../src/stores/postgres/pool-types.ts";
import { createUserStore } from "../../src/stores/postgres/user-store.ts";
import { query } from "../support/backbone.ts";
import { type TestDatabase, testDatabase } from "../support/databases.ts";
import { asTables, FEATURE_TABLES, HALF_LIFE_HOURS, readFeatures } from "../support/feature-tables.ts";
import { anInteraction, NOW_MS } from "../support/plans.ts";

const HISTORY_SIZE = 5;
let database: TestDatabase;
let pool: Pool;
let items: ItemStore;
let users: UserStore;

beforeAll(async () => {
  database = await testDatabase();
  pool = database.pool({ max: 8 });
  items = createItemStore(pool);
  users = createUserStore(pool, HISTORY_SIZE);
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() =>
  query(pool, `truncate ${FEATURE_TABLES}, items, profiles.users, user_hidden_items, watches, impressions`),
);

const soon = () => Deadline.after(20_000);
const user = (id: string) => id as UserId;
const item = (id: string) => id as ItemId;
const anItem = (over: Partial<CatalogItem> = {}): CatalogItem => ({
  itemId: "i-1",
  title: "One",
  price: 1.5,
  coverImage: null,
  category: null,
  author: null,
  tags: ["a", 'b"c'],
  verified: false,
  publishedAtMs: NOW_MS,
  hidden: false,
  attributes: { deep: { ключ: [1, null] } },
  ...over,
});

describe("items", () => {
  test("come back as they were stored, and pages follow each other", async () => {
    await items.upsert([anItem(), anItem({ itemId: "i-2" }), anItem({ itemId: "i-3" })], soon());
    expect(await items.get(item("i-1"), soon())).toMatchObject({ ...anItem(), version: 1 });
    const ids = async (after: string | null) =>
      (await items.list(after, 2, soon())).map(({ itemId }) => itemId);
    expect([await ids(null), await ids("i-2"), await ids("i-3")]).toEqual([["i-1", "i-2"], ["i-3"], []]);
  });

  test("that are hidden twice change once, and show in what serving asks for", async () => {
    const reader = createFeatureReader(pool);
    await items.upsert([anItem(), anItem({ itemId: "new" })], soon());
    expect(await items.hide(item("i-1"), soon())).toBe(true);
    expect(await items.hide(item("i-1"), soon())).toBe(true);
    expect(await items.hide(item("none"), soon())).toBe(false);
    expect((await items.get(item("i-1"), soon()))?.version).toBe(2);
    expect(await reader.hiddenItems(null, 10, soon())).toEqual(["i-1"]);
    expect(await reader.visibilityChanges(60_000, 10, soon())).toEqual({
      hidden: ["i-1"],
      shown: [],
      isComplete: true,
      users: [],
    });
    await items.upsert([anItem()], soon());
    expect(await reader.visibilityChanges(60_000, 10, soon())).toEqual({
      hidden: [],
      shown: ["i-1"],
      isComplete: true,
      users: [],
    });
  });
});

describe("cards for serving", () => {
  test("show what filters may ask for, page by page, with the items that changed", async () => {
    const reader = createFeatureReader(pool);
    await items.upsert([anItem({ price: 1.5 }), anItem({ itemId: "i-2", publishedAtMs: null })], soon());
    await items.upsert([anItem({ author: "Ann" })], soon());
    expect(await reader.cardVersions(null, 1, soon())).toEqual([{ itemId: "i-1", version: 2 }]);
    expect(await reader.cardVersions("i-1", 5, soon())).toEqual([{ itemId: "i-2", version: 1 }]);
    expect((await reader.changedCards(60_000, 1, soon())).map(({ itemId }) => itemId)).toEqual(["i-1"]);
    const [card] = await reader.cards(["i-1", "none"], soon());
    expect(card).toEqual({
      version: 2,
      card: {
        item_id: "i-1",
        title: "One",
        price: 1.5,
        cover_image: anItem().coverImage,
        category: null,
        author: "Ann",
        tags: ["a", 'b"c'],
        verified: false,
        published_at: new Date(NOW_MS).toISOString(),
        attributes: anItem().attributes,
      },
    });
    expect((await reader.cards(["i-2"], soon()))[0]?.card.published_at).toBeNull();
  });

  test("how new an item is: when it came, and how often users took it, counted as far as was asked for", async () => {
    const reader = createFeatureReader(pool);
    await items.upsert([anItem(), anItem({ itemId: "i-2" })], soon());
    await query(
      pool,
      `insert into events (event_id, user_id, item_id, event_type, ts)
        select 'e-' || n, 'u-' || n, case when n < 3 then 'i-2' else 'i-1' end, 'view', now() from generate_series(1, 9) n`,
    );
    const newness = await reader.newness(["i-1", "i-2", "none"], 5, soon());
    expect([...newness.keys()].sort()).toEqual(["i-1", "i-2"]);
    expect([newness.get("i-1")?.interactions, newness.get("i-2")?.interactions]).toEqual([5, 2]);
    expect(Math.abs((newness.get("i-1")?.createdAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test("users' attributes are those stored, and empty for unknown users", async () => {
    const attributes = { plan: "pro", langs: ["en"] };
    await users.put({ userId: user("u"), email: null, emailVerified: false, attributes }, soon());
    const read = await createFeatureReader(pool).userAttributes(["u", "nobody"], soon());
    expect([read.get("u"), read.get("nobody")]).toEqual([attributes, {}]);
  });
});

describe("hidden items of users", () => {
  test("are those that are hidden at the moment", async () => {
    const reader = createFeatureReader(pool);
    await users.hideItem({ userId: user("u"), itemId: item("a"), untilMs: null }, soon());
    await users.hideItem({ userId: user("u"), itemId: item("b"), untilMs: Date.now() + 60_000 }, soon());
    await users.hideItem({ userId: user("u"), itemId: item("over"), untilMs: Date.now() - 1 }, soon());
    const hidden = await reader.hiddenByUsers(["u", "nobody"], soon());
    expect([hidden.get("u")?.toSorted(), hidden.get("nobody")]).toEqual([["a", "b"], []]);
    const { users: changed } = await reader.visibilityChanges(60_000, 10, soon());
    expect(changed.map(({ userId }) => userId)).toEqual(["u"]);
    await users.showItem(user("u"), item("a"), soon());
    expect((await reader.hiddenByUsers(["u"], soon())).get("u")).toEqual(["b"]);
  });

  test("at the limit two calls at once don't pass it", async () => {
    await query(
      pool,
      "insert into user_hidden_items (user_id, item_id) select 'u', n::text from generate_series(1, 999) n",
    );
    const hide = (id: string) =>
      users.hideItem({ userId: user("u"), itemId: item(id), untilMs: null }, soon());
    const outcomes = await Promise.all([hide("x"), hide("y"), hide("z")]);
    expect(outcomes.toSorted()).toEqual(["full", "full", "hidden"]);
    expect(await hide("1")).toBe("hidden");
  });
});

describe("a merge", () => {
  const histories = fc
    .array(
      fc.record({
        userId: fc.constantFrom("guest", "u", "other"),
        itemId: fc.constantFrom("a", "b", "c", "d"),
        signal: fc.constantFrom<Interaction["signal"][]>("view", "click", "purchase"),
        tsMs: fc.integer({ min: 0, max: 9 }).map((minute) => NOW_MS - minute * 60_000),
        origin: fc.constantFrom<Interaction["origin"][]>("direct", "stream"),
      }),
      { maxLength: 20 },
    )
    .map((events) =>
      events.map((event, index) =>
        anInteraction({ ...event, eventId: `${event.origin === "stream" ? "watch-" : ""}event-${index}` }),
      ),
    );
  const apply = (events: readonly Interaction[]) =>
    pool.transaction("write", soon(), (tx) => applyInteractions(tx, events, HISTORY_SIZE));

  test("leaves the features of a fold in which the user did it all, before and after further events", async () => {
    await fc.assert(
      fc.asyncProperty(histories, histories, async (before, later) => {
        await query(pool, `truncate ${FEATURE_TABLES}`);
        const after = later.map((event, index) => ({ ...event, eventId: `${event.eventId}-later-${index}` }));
        await apply(before);
        await users.merge(user("guest"), user("u"), "test", soon());
        await apply(after);
        const moved = before.map((event) => (event.userId === "guest" ? { ...event, userId: "u" } : event));
        const expected = foldInteractions([...moved, ...after], {
          historySize: HISTORY_SIZE,
          halfLifeHours: HALF_LIFE_HOURS,
        });
        expect(await readFeatures(pool)).toEqual(asTables(expected));
      }),
      { numRuns: 40 },
    );
  });

  test("moves facts and hidden items, notes it once, and a repeat changes nothing", async () => {
    await apply([anInteraction({ userId: "guest" })]);
    await query(
      pool,
      `insert into watches (event_id, user_id, session_id, request_id, ts_ms, item_id, watch_time_sec)
       values ('watch-0001', 'guest', 's', 'r', ${NOW_MS}, 'i-1', 3)`,
    );
    await users.hideItem({ userId: user("guest"), itemId: item("a"), untilMs: Date.now() + 60_000 }, soon());
    await users.hideItem({ userId: user("u"), itemId: item("a"), untilMs: null }, soon());
    const audited = async () =>
      (await query(pool, "select count(*)::int as n from audit_log where action = 'users.merge'"))[0]?.["n"];
    const notedBefore = (await audited()) as number;
    const merged = await users.merge(user("guest"), user("u"), "test", soon());
    expect(merged).toMatchObject({ kind: "merged", moved: { events: 1, hiddenItems: 1 } });
    expect(await users.merge(user("guest"), user("u"), "test", soon())).toEqual({
      kind: "merged",
      moved: { events: 0, hiddenItems: 0 },
      relatedItemIds: [],
    });
    expect(await audited()).toBe(notedBefore + 1);
    expect(await query(pool, "select distinct user_id from watches")).toEqual([{ user_id: "u" }]);
    expect(await query(pool, "select user_id, item_id, until from user_hidden_items")).toEqual([
      { user_id: "u", item_id: "a", until: null },
    ]);
  });

  test("of both ways at once ends with all events in one place", async () => {
    await apply([
      anInteraction({ eventId: "event-g", userId: "guest" }),
      anInteraction({ eventId: "event-u", userId: "u" }),
    ]);
    await Promise.all([
      users.merge(user("guest"), user("u"), "test", soon()),
      users.merge(user("u"), user("guest"), "test", soon()),
    ]);
    expect(await query(pool, "select count(distinct user_id)::int as users from events")).toEqual([
      { users: 1 },
    ]);
  });

  test("of more events than a person has changes nothing", async () => {
    await query(
      pool,
      `insert into events (event_id, user_id, item_id, event_type, ts)
       select 'many-' || n, 'guest', 'i', 'view', now() from generate_series(1, 50001) n`,
    );
    expect(await users.merge(user("guest"), user("u"), "test", soon())).toEqual({ kind: "too_many" });
    expect(await query(pool, "select distinct user_id from events")).toEqual([{ user_id: "guest" }]);
  });

  test("of a guest with more watches and shown items than a statement can move changes nothing", async () => {
    await apply([anInteraction({ userId: "guest" })]);
    await query(
      pool,
      `insert into watches (event_id, user_id, session_id, request_id, ts_ms, item_id, watch_time_sec)
       select 'watch-' || n, 'guest', 's', 'r', ${NOW_MS}, 'i-1', 3 from generate_series(1, 20001) n`,
    );
    await query(
      pool,
      `insert into impressions (event_id, user_id, session_id, request_id, ts_ms, item_id, position)
       select 'shown-' || n, 'guest', 's', 'r', ${NOW_MS}, 'i-1', 0 from generate_series(1, 30000) n`,
    );
    expect(await users.merge(user("guest"), user("u"), "test", soon())).toEqual({ kind: "too_many" });
    expect(await query(pool, "select distinct user_id from events")).toEqual([{ user_id: "guest" }]);
    await query(pool, "delete from watches where event_id = 'watch-1'");
    expect(await users.merge(user("guest"), user("u"), "test", soon())).toMatchObject({ kind: "merged" });
    expect(await query(pool, "select distinct user_id from impressions")).toEqual([{ user_id: "u" }]);
  });
});

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { CatalogCards, unknownCard } from "../../../src/recommend/catalog-cards.ts";
import { ItemTable } from "../../../src/recommend/item-table.ts";
import { NewItems } from "../../../src/recommend/new-items.ts";
import { fakeReader } from "../../support/fake-feature-reader.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { servingSettings } from "../../support/serving-settings.ts";

function setUp(ids: readonly string[], maxCards?: number) {
  const clock = manualClock();
  const fake = fakeReader(clock, {
    cards: new Map(ids.map((id) => [id, { version: 1, card: { ...unknownCard(id), title: `title ${id}` } }])),
  });
  const newItems = new NewItems();
  const renewed: number[] = [];
  const itemIds = () => newItems.layers.flatMap(({ index }) => index.itemIds);
  const novelty = (id: string) => {
    const layer = newItems.layers.find(({ index }) => index.entryOf(id) >= 0);
    return layer && Number((layer.novelty[layer.index.entryOf(id)] as number).toFixed(3));
  };
  const cards = new CatalogCards({
    reader: fake.reader,
    settings: servingSettings({}),
    clock,
    newItems,
    onNewItems: () => renewed.push(itemIds().length),
    ...(maxCards && { maxCards }),
  });
  const start = () => cards.start(Deadline.after(1_000, clock));
  const write = (id: string, version: number, title: string) =>
    fake.store.cards.set(id, { version, card: { ...unknownCard(id), title } });
  const taken = (id: string, interactions: number, createdAtMs = 0) =>
    fake.store.newness.set(id, { createdAtMs, interactions });
  return { ...fake, clock, cards, newItems, itemIds, novelty, renewed, start, write, taken };
}
const many = Array.from({ length: 2_500 }, (_, n) => `i-${String(n).padStart(5, "0")}`);

describe("catalogue cards", () => {
  test("a catalogue of several pages is held whole after the start", async () => {
    const { cards, start } = setUp(many);
    await start();
    expect(cards.size).toBe(2_500);
    expect(cards.get("i-02499")?.title).toBe("title i-02499");
    expect(cards.get("never heard of")).toEqual(unknownCard("never heard of"));
  });

  test("before it is held whole an unknown item has to be read", async () => {
    const { cards } = setUp(["a"]);
    expect(cards.get("a")).toBeNull();
    expect((await cards.outside.fill(["a", "b"])).get("a")?.title).toBe("title a");
    expect((await cards.outside.fill(["b"])).get("b")).toEqual(unknownCard("b"));
  });

  test("by a table's numbers cards are those by name, also once they change or the table has grown", async () => {
    const { cards, start, clock, write } = setUp(["a", "b"]);
    await start();
    const table = new ItemTable();
    const titleOf = (id: string) => cards.inTable(table).at(table.intern(id))?.title;
    expect(["a", "late", "b"].map(titleOf)).toEqual(["title a", undefined, "title b"]);
    write("a", 2, "new title");
    write("late", 1, "new item");
    await clock.advance(600);
    expect(["a", "late", "b"].map(titleOf)).toEqual(["new title", "new item", "title b"]);
    const other = new ItemTable();
    expect(cards.inTable(other).at(other.intern("b"))?.title).toBe("title b");
    expect(titleOf("a")).toBe("new title");
  });

  test("changes and new items are seen by the next poll", async () => {
    const { cards, start, clock, write } = setUp(["a"]);
    await start();
    write("a", 2, "new title");
    write("b", 1, "new item");
    await clock.advance(600);
    expect([cards.get("a")?.title, cards.get("b")?.title]).toEqual(["new title", "new item"]);
  });

  test("what the question for changes misses is met by the round through the catalogue", async () => {
    const { cards, start, clock, write, reader } = setUp(many);
    reader.changedCards = async () => [];
    await start();
    write("i-00003", 2, "changed by stealth");
    await clock.advance(3_000);
    expect(cards.get("i-00003")?.title).toBe("changed by stealth");
  });

  test("an unchanged catalogue is not read again and again", async () => {
    const { start, clock, count } = setUp(many);
    await start();
    const before = count("cards");
    await clock.advance(20_000);
    expect(count("cards")).toBe(before);
  });

  test("while the store is away what is held stays, and is followed again afterwards", async () => {
    const { cards, start, clock, write, store } = setUp(["a"]);
    await start();
    store.mood = { kind: "failing", error: new Error("no store") };
    write("a", 2, "later");
    await clock.advance(5_000);
    expect(cards.get("a")?.title).toBe("title a");
    store.mood = { kind: "well" };
    await clock.advance(600);
    expect(cards.get("a")?.title).toBe("later");
  });

  test("asks nothing any more once it is closed", async () => {
    const { cards, start, clock, reads } = setUp(["a"]);
    await start();
    cards[Symbol.dispose]();
    const before = reads.length;
    await clock.advance(10_000);
    expect(reads).toHaveLength(before);
  });
});

describe("new items", () => {
  test("are those that fewer than five interactions speak for, from the start on", async () => {
    const { itemIds, novelty, start, taken } = setUp(["a", "b", "c"]);
    taken("a", 0);
    taken("b", 4);
    taken("c", 5);
    await start();
    expect(itemIds()).toEqual(["a", "b"]);
    expect(["a", "b", "c"].map(novelty)).toEqual([1, 0.2, undefined]);
  });

  test("are followed, the newest first, and said to have changed", async () => {
    const { itemIds, start, taken, write, clock, renewed } = setUp(["a"]);
    taken("a", 0, 1_000);
    await start();
    write("b", 1, "brand-new");
    taken("b", 0, 2_000);
    await clock.advance(600);
    expect(itemIds()).toEqual(["b", "a"]);
    expect(renewed).toEqual([1, 2]);
    await clock.advance(5_000);
    expect(renewed).toEqual([1, 2]);
  });

  test("grow up when users take them: at once where somebody tells, else in turn", async () => {
    const { newItems, novelty, start, taken, clock } = setUp(many.slice(0, 250));
    for (const [at, id] of many.slice(0, 250).entries()) taken(id, 0, 1_000 - at);
    await start();
    const known = () => [247, 248, 249].map((at) => novelty(many[at] as string));
    for (const at of [247, 248, 249]) taken(many[at] as string, 3);
    taken(many[249] as string, 5);
    newItems.touch([many[248] as string, many[249] as string, "never heard of"]);
    await clock.advance(600);
    expect(known()).toEqual([1, 0.4, 0]);
    await clock.advance(2_000);
    expect(known()).toEqual([0.4, 0.4, 0]);
  });

  test("are told of even where there is no room to hold them, once a change", async () => {
    const { cards, itemIds, start, taken, write, clock, reads } = setUp(["a", "b", "c"], 2);
    for (const id of ["a", "b", "c", "d"]) taken(id, 0);
    await start();
    expect([cards.size, itemIds().length]).toEqual([2, 3]);
    write("d", 1, "brand-new");
    await clock.advance(600);
    expect(itemIds()).toContain("d");
    await clock.advance(5_000);
    const asked = reads.filter(({ name, args }) => name === "cards" && (args[0] as string[]).includes("d"));
    expect(asked).toHaveLength(1);
    expect(cards.get("d")).toBeNull();
  });

  test("a read that fails is made again, of items and of what users took", async () => {
    const { newItems, itemIds, novelty, start, taken, write, clock, store } = setUp(["a"]);
    taken("a", 0);
    await start();
    store.mood = { kind: "failing", error: new Error("no store") };
    write("b", 1, "brand-new");
    taken("b", 0);
    taken("a", 4);
    newItems.touch(["a"]);
    await clock.advance(2_000);
    store.mood = { kind: "well" };
    await clock.advance(1_100);
    expect(itemIds()).toEqual(["a", "b"]);
    expect(novelty("a")).toBe(0.2);
  });
});

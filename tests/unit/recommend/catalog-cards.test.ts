import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { CatalogCards, unknownCard } from "../../../src/recommend/catalog-cards.ts";
import { fakeReader } from "../../support/fake-feature-reader.ts";
import { manualClock } from "../../support/manual-clock.ts";
import { servingSettings } from "../../support/serving-settings.ts";

function setUp(ids: readonly string[]) {
  const clock = manualClock();
  const fake = fakeReader(clock, {
    cards: new Map(ids.map((id) => [id, { version: 1, card: { ...unknownCard(id), title: `title ${id}` } }])),
  });
  const cards = new CatalogCards(fake.reader, servingSettings({}), clock);
  const start = () => cards.start(Deadline.after(1_000, clock));
  const write = (id: string, version: number, title: string) =>
    fake.store.cards.set(id, { version, card: { ...unknownCard(id), title } });
  return { ...fake, clock, cards, start, write };
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

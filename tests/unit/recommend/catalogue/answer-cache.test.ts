import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deadline } from "../../../../src/core/deadline.ts";
import { AnswerCache, detailKey, similarKey } from "../../../../src/recommend/catalogue/answer-cache.ts";
import { manualClock } from "../../../support/manual-clock.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const facts = { itemId: "i", userId: "u" as string | null, limit: 10, lambda: 0.5, nowMs: NOW_MS };
const items = [
  { itemId: "a", score: 1.5, reasons: ["behavior", "tags"] },
  { itemId: "b", score: 0.2, reasons: ["popular"] },
];

describe("keys of answers", () => {
  test("are those of the storage specification", () => {
    expect(similarKey({ ...facts, lambda: 0.4 })).toEqual({
      answer: { key: "similar:i:10", ttlMs: 300_000 },
      fallback: "fallback:similar:i:10",
    });
    expect(detailKey(facts)).toEqual({
      answer: { key: "recommend:i:u:10:2026-01-02-03", ttlMs: 3_600_000 },
      fallback: "fallback:recommend:i:u:10",
    });
  });

  test("without a user only the last good answer has one", () => {
    expect(detailKey({ ...facts, userId: null })).toEqual({
      answer: null,
      fallback: "fallback:recommend:i::10",
    });
  });

  test("tell other arrangements apart", () => {
    expect(similarKey({ ...facts, lambda: 0.6 }).answer?.key).toBe("similar:i:10:lambda-0.6");
  });

  test("are never shared by two pairs of ids", () => {
    const id = fc.string({ unit: fc.constantFrom(":", "a", "%", "3", "A", "é"), minLength: 1 });
    fc.assert(
      fc.property(id, id, id, id, (item, user, otherItem, otherUser) => {
        const key = detailKey({ ...facts, itemId: item, userId: user }).fallback;
        const other = detailKey({ ...facts, itemId: otherItem, userId: otherUser }).fallback;
        expect(key === other).toBe(item === otherItem && user === otherUser);
      }),
    );
  });
});

function caches() {
  const clock = manualClock(NOW_MS);
  const texts = new Map<string, string>();
  const shared = {
    get: async (key: string) => texts.get(key) ?? null,
    set: (key: string, text: string) => void texts.set(key, text),
  };
  const open = (enabled = true) => new AnswerCache({ shared, clock, enabled });
  return { clock, texts, open, soon: () => Deadline.after(100, clock) };
}
const key = similarKey({ ...facts, lambda: 0.4 });

describe("kept answers", () => {
  test("are found by their stamp, here and on other nodes, until their time is over", async () => {
    const { open, clock, texts, soon } = caches();
    const one = open();
    one.keep(key, "run-1", items);
    expect(await one.find("similar:i:10", "run-1", soon())).toEqual(items);
    expect(await open().find("similar:i:10", "run-1", soon())).toEqual(items);
    expect(await one.find("similar:i:10", "run-2", soon())).toBeNull();
    texts.clear();
    await clock.advance(300_000);
    expect(await one.find("similar:i:10", "run-1", soon())).toBeNull();
    expect(await one.findLastGood(key.fallback, soon())).toEqual(items);
  });

  test("go with the model, but for the last good ones", async () => {
    const { open, texts, soon } = caches();
    const one = open();
    one.keep(key, "run-1", items);
    texts.clear();
    one.drop();
    expect(await one.find("similar:i:10", "run-1", soon())).toBeNull();
    expect(await one.findLastGood(key.fallback, soon())).toEqual(items);
  });

  test("are none where the cache is off", async () => {
    const { open, texts, soon } = caches();
    const off = open(false);
    off.keep(key, "run-1", items);
    expect(texts.size).toBe(0);
    expect(await off.findLastGood(key.fallback, soon())).toBeNull();
  });

  test.each(["", "{", "null", "[]", '{"stamp":"s","items":[["a",1]]}', '{"stamp":"s","items":[[1,1,"x"]]}'])(
    "somebody else's text %s is none",
    async (text) => {
      const { open, texts, soon } = caches();
      texts.set("similar:i:10", text);
      expect(await open().find("similar:i:10", "s", soon())).toBeNull();
    },
  );
});

/** What a log of served slates must do; the PostgreSQL store and the one in memory run this suite. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { SlateLog, SlateWithOutcome } from "../../src/evaluation/ope/ports.ts";
import type { LoggedWatch } from "../support/fakes/slate-log.ts";
import { aSlate, someFeatures } from "../support/slates.ts";

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 0, 15, 12);
const SLATES = 450;

const slateAt = (requestId: string, servedAtMs: number, featuresId: string | null = null) =>
  aSlate({ requestId, servedAtMs, featuresId });
const watch = (requestId: string, itemId: string, tsMs: number, watchTimeSec: number): LoggedWatch => ({
  requestId,
  itemId,
  tsMs,
  watchTimeSec,
  percentWatched: watchTimeSec > 50 ? 90 : null,
});

const BATCH = {
  slates: [
    slateAt("early", NOON_MS - 1),
    slateAt("first", NOON_MS, "f-1"),
    slateAt("second", NOON_MS + HOUR_MS, "f-1"),
    slateAt("late", NOON_MS + 2 * HOUR_MS),
    ...Array.from({ length: SLATES }, (_, n) => slateAt(`many-${n}`, NOON_MS + 3 * HOUR_MS + n)),
  ],
  features: [{ id: "f-1", servedAtMs: NOON_MS, features: someFeatures() }],
};
const WATCHES = [
  watch("first", "ä", NOON_MS + 1_000, 12.5),
  watch("first", "ä", NOON_MS + 2_000, 60),
  watch("first", "b", NOON_MS + 25 * HOUR_MS, 7),
  watch("second", "elsewhere", NOON_MS + HOUR_MS, 3),
  watch("never served", "ä", NOON_MS, 5),
];

export function describeSlateLog(
  name: string,
  open: (
    batch: typeof BATCH,
    watches: readonly LoggedWatch[],
  ) => Promise<AsyncDisposable & { readonly log: SlateLog }>,
): void {
  describe(`slate log: ${name}`, () => {
    let under: AsyncDisposable & { readonly log: SlateLog };
    beforeAll(async () => {
      under = await open(BATCH, WATCHES);
    });
    afterAll(() => under[Symbol.asyncDispose]());

    const read = async (fromMs: number, toMs: number, pages = Number.POSITIVE_INFINITY) => {
      const found: SlateWithOutcome[] = [];
      let taken = 0;
      const take = (page: readonly SlateWithOutcome[]) => {
        found.push(...page);
        return ++taken < pages;
      };
      await under.log.read({ fromMs, toMs }, take, Deadline.after(10_000));
      return found;
    };

    test("shows the slates of the range with their features and watches", async () => {
      const found = await read(NOON_MS, NOON_MS + 2 * HOUR_MS);
      const byId = new Map(found.map((each) => [each.slate.requestId, each]));
      expect([...byId.keys()].sort()).toEqual(["first", "second"]);
      const { featuresId: _, ...served } = slateAt("first", NOON_MS);
      expect(byId.get("first")).toMatchObject({ slate: served, features: someFeatures() });
      expect(byId.get("second")?.features).toEqual(someFeatures());
    });

    test("joins watches by the slate that they name, within a day", async () => {
      const found = await read(NOON_MS, NOON_MS + 2 * HOUR_MS);
      const watchesOf = (id: string) =>
        found
          .find(({ slate }) => slate.requestId === id)
          ?.watches.toSorted((a, b) => a.watchTimeSec - b.watchTimeSec);
      expect(watchesOf("first")).toEqual([
        { itemId: "ä", watchTimeSec: 12.5, percentWatched: null },
        { itemId: "ä", watchTimeSec: 60, percentWatched: 90 },
      ]);
      expect(watchesOf("second")).toEqual([{ itemId: "elsewhere", watchTimeSec: 3, percentWatched: null }]);
    });

    test("shows each of many slates once, over many pages", async () => {
      const found = await read(NOON_MS + 3 * HOUR_MS, NOON_MS + 4 * HOUR_MS);
      expect(new Set(found.map(({ slate }) => slate.requestId)).size).toBe(SLATES);
      expect(found.length).toBe(SLATES);
    });

    test("stops when it is told to", async () => {
      expect((await read(NOON_MS, NOON_MS + 4 * HOUR_MS, 1)).length).toBeLessThan(SLATES);
      expect((await read(0, 1)).length).toBe(0);
    });
  });
}

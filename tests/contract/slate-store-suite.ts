/** What keeps served slates must do; the PostgreSQL store and the one in memory run this suite. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Deadline } from "../../src/core/deadline.ts";
import type { SlateStore } from "../../src/recommend/slates/slate.ts";
import { aSlate, someFeatures, written } from "../support/slates.ts";

const soon = () => Deadline.after(10_000);
const DAY_MS = 86_400_000;
export const RETENTION_DAYS = 7;

export function describeSlateStore(
  name: string,
  open: () => Promise<AsyncDisposable & { readonly store: SlateStore }>,
): void {
  describe(`slate store: ${name}`, () => {
    let under: AsyncDisposable & { readonly store: SlateStore };
    let store: SlateStore;
    let used = 0;
    beforeAll(async () => {
      under = await open();
      store = under.store;
    });
    afterAll(() => under[Symbol.asyncDispose]());
    const newId = () => `request-${++used}`;
    const find = (requestId: string) => store.find(requestId, soon());

    test("gives a slate back as it was served, and its features bit by bit", async () => {
      const requestId = newId();
      const slate = aSlate({ requestId, featuresId: "f-1" });
      const features = someFeatures();
      const named = [{ id: "f-1", servedAtMs: slate.servedAtMs, features }];
      expect(await store.store(written({ slates: [slate], features: named }), soon())).toBe(1);
      const { featuresId: _, ...served } = slate;
      expect(await find(requestId)).toEqual({ slate: served, features });
    });

    test("slates of a kept list share features that only the first of them brought", async () => {
      const [first, second] = [newId(), newId()];
      const servedAtMs = Date.now();
      const features = [{ id: "f-2", servedAtMs, features: someFeatures() }];
      await store.store(
        written({ slates: [aSlate({ requestId: first, featuresId: "f-2" })], features }),
        soon(),
      );
      await store.store(written({ slates: [aSlate({ requestId: second, featuresId: "f-2" })] }), soon());
      expect((await find(second))?.features).toEqual(someFeatures());
    });

    test("says that features are missing where nothing was stored under their name", async () => {
      const requestId = newId();
      await store.store(written({ slates: [aSlate({ requestId, featuresId: "lost" })] }), soon());
      expect((await find(requestId))?.features).toBe("missing");
    });

    test("a request id that comes again stores nothing twice: together, or later", async () => {
      const requestId = newId();
      const [one, other] = [
        aSlate({ requestId, k: 1 }),
        aSlate({ requestId, k: 9, servedAtMs: Date.now() + 5 }),
      ];
      expect(await store.store(written({ slates: [one, other] }), soon())).toBe(1);
      expect(await store.store(written({ slates: [other] }), soon())).toBe(0);
      expect((await find(requestId))?.slate.k).toBe(1);
    });

    test("knows nothing of unknown ids, and of slates older than the retention", async () => {
      expect(await find("never served")).toBeNull();
      const [young, old] = [newId(), newId()];
      const slates = [
        aSlate({ requestId: young, servedAtMs: Date.now() - (RETENTION_DAYS - 0.01) * DAY_MS }),
        aSlate({ requestId: old, servedAtMs: Date.now() - (RETENTION_DAYS + 0.01) * DAY_MS }),
      ];
      await store.store(written({ slates }), soon());
      expect((await find(young))?.slate.requestId).toBe(young);
      expect(await find(old)).toBeNull();
    });

    test("a slate without items is one, too", async () => {
      const requestId = newId();
      await store.store(written({ slates: [aSlate({ requestId, items: [] })] }), soon());
      expect((await find(requestId))?.slate.items).toEqual([]);
    });
  });
}

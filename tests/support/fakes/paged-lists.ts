/** Kept lists in memory, which several workers may share. */

import type { Clock } from "../../../src/core/clock.ts";
import { KEPT_LIST_MS, type KeptList, type PagedLists } from "../../../src/recommend/ports.ts";

/** `store` runs inside every call: a throw fails it. */
export function fakePagedLists({ store }: { store: () => Promise<void> }, clock: Clock): PagedLists {
  const lists = new Map<string, { readonly list: KeptList; readonly keptAtMs: number }>();
  return {
    async keep(id, list) {
      await store();
      lists.set(id, { list: structuredClone(list), keptAtMs: clock.monotonicMs() });
    },
    async find(id) {
      await store();
      const kept = lists.get(id);
      return kept && clock.monotonicMs() - kept.keptAtMs < KEPT_LIST_MS ? kept.list : null;
    },
  };
}

/** Served slates in memory. */

import type { Clock } from "../../../src/core/clock.ts";
import type { ItemStanding, NewFeatures, NewSlate, SlateStore } from "../../../src/recommend/slates/slate.ts";
import { readFeatures } from "../../../src/recommend/slates/written-features.ts";
import { readItems, type WrittenItems } from "../../../src/recommend/slates/written-items.ts";

const DAY_MS = 86_400_000;

export function fakeSlates(
  clock: Clock,
  retentionDays: number,
  standings: ReadonlyMap<string, ItemStanding> = new Map(),
): SlateStore {
  const slates = new Map<string, NewSlate>();
  const features = new Map<string, NewFeatures>();
  return {
    async store(batch) {
      for (const each of batch.features) features.set(each.id, each);
      const isNew = ({ requestId }: NewSlate) => {
        const known = slates.get(requestId);
        return known === undefined || clock.nowMs() - known.servedAtMs > DAY_MS;
      };
      let stored = 0;
      for (const slate of batch.slates) {
        if (!isNew(slate)) continue;
        slates.set(slate.requestId, slate);
        stored++;
      }
      return stored;
    },
    async find(requestId) {
      const found = slates.get(requestId);
      if (found === undefined || clock.nowMs() - found.servedAtMs >= retentionDays * DAY_MS) return null;
      const { featuresId, items, ...slate } = found;
      const known = features.get(featuresId ?? "");
      return {
        slate: { ...slate, items: readItems(JSON.parse(items) as WrittenItems) },
        features: known?.written ? readFeatures(known.written) : known ? "truncated" : "missing",
      };
    },
    standing: async (itemId) => standings.get(itemId) ?? { isKnown: false, isHidden: false },
  };
}

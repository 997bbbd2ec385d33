/** A slate as a worker serves and stores it, over a store in memory: served, described, packed and read back. */

import type { RecoAnswer, RecoRequest } from "../../src/recommend/recommender.ts";
import { newSlate } from "../../src/recommend/slates/new-slate.ts";
import type { StoredSlate } from "../../src/recommend/slates/slate.ts";
import { writeFeatures } from "../../src/recommend/slates/written-features.ts";
import { readItems, type WrittenItems } from "../../src/recommend/slates/written-items.ts";
import { packFeatures, unpackFeatures } from "../../src/stores/postgres/slate-features.ts";
import type { serving } from "./serving.ts";

export async function serveSlate(
  world: Pick<ReturnType<typeof serving>, "ask" | "clock">,
  request: Partial<RecoRequest> = {},
): Promise<StoredSlate> {
  const asked = askedOf(request);
  const { items: _, ids: __, tookMs: ___, ...answer } = await world.ask("reco", asked);
  return storedSlate(answer, asked, world.clock.nowMs());
}

const askedOf = (request: Partial<RecoRequest>) => ({
  userId: "u1",
  k: 10,
  exclude: new Set<string>(),
  ...request,
  sessionId: request.sessionId ?? "s1",
  isStored: true,
});

export function storedSlate(
  answer: RecoAnswer,
  request: RecoRequest & { readonly sessionId: string },
  servedAtMs: number,
): StoredSlate {
  const {
    featuresId: ____,
    items,
    ...slate
  } = newSlate({
    requestId: "request-1",
    servedAtMs,
    surface: "default",
    request,
    answer,
  });
  const features = answer.list.basis?.describe() ?? null;
  const packed = features && packFeatures(writeFeatures(features));
  // As a JSON column of the store gives it back.
  const stored = JSON.parse(JSON.stringify(slate)) as typeof slate;
  return {
    slate: { ...stored, items: readItems(JSON.parse(items) as WrittenItems) },
    features: packed === null ? "missing" : unpackFeatures(packed),
  };
}

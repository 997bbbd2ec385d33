/** Makes the record of a slate that was answered. Costs what the slate is long, and is done when the answer has gone out. */

import type { RankedList } from "../ranked-list.ts";
import type { RecoAnswer, RecoRequest } from "../recommender.ts";
import type { NewSlate } from "./slate.ts";
import { writeItems } from "./written-items.ts";

/** One answer of GET /reco, by reference. */
export interface AnsweredSlate {
  readonly requestId: string;
  readonly servedAtMs: number;
  readonly surface: string;
  readonly request: RecoRequest & { readonly sessionId: string };
  readonly answer: RecoAnswer;
}

export function newSlate({ requestId, servedAtMs, surface, request, answer }: AnsweredSlate): NewSlate {
  const { exploration } = answer;
  return {
    requestId,
    servedAtMs,
    userId: request.userId,
    sessionId: request.sessionId,
    surface,
    k: request.k,
    policy: answer.label.name,
    modelVersion: answer.modelVersion,
    variant: answer.label.variant,
    degraded: answer.degraded,
    strategy: answer.strategy,
    seed: exploration?.seed ?? null,
    wishes: {
      exclude: [...request.exclude],
      filter: request.filter?.text ?? null,
      boost: request.boost?.text ?? null,
    },
    items: exploration === null ? plainItems(answer.list) : writeItems(answer.list, exploration),
    featuresId: answer.list.basis?.featuresId ?? null,
  };
}

/** One text for all answers of a kept list. */
const known = new WeakMap<RankedList, string>();

function plainItems(list: RankedList): string {
  let items = known.get(list);
  if (items === undefined) {
    items = writeItems(list, null);
    known.set(list, items);
  }
  return items;
}

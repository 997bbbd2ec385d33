/** Explains a slate for `details=true`: where each item came from and what it scored. */

import { explain, type RecoSource } from "../recommend/ranked-list.ts";
import type { RecoAnswer, Recommender } from "../recommend/recommender.ts";
import { EXPERIMENT_VARIANT } from "./policy-labels.ts";
import { round3 } from "./reply.ts";
import type { Call } from "./route.ts";

export async function describeSlate(
  answer: RecoAnswer,
  call: Call,
  recommender: Pick<Recommender, "titles">,
  cursor: string | null = null,
): Promise<object> {
  const titles = await recommender.titles(answer.list.itemIds, call.deadline);
  return {
    policy: answer.label.name,
    variant: answer.label.variant,
    experiment_variant: EXPERIMENT_VARIANT,
    degraded: answer.degraded,
    deadline_ms: call.budgetMs,
    timings_ms: {
      retrieval: round3(answer.timingsMs.retrieval),
      ranking: round3(answer.timingsMs.ranking),
      diversity: round3(answer.timingsMs.diversity),
      exploration: round3(answer.timingsMs.exploration),
    },
    cursor,
    items: explain(answer.list).map((item, position) => ({
      item_id: item.itemId,
      title: titles.get(item.itemId) ?? null,
      position,
      score: item.score,
      propensity: answer.exploration?.propensities[position] ?? 1,
      sources: item.sources,
      reason: strongestSource(item.sources) ?? answer.strategy,
    })),
  };
}

function strongestSource(sources: readonly RecoSource[]): string | null {
  const [first, ...rest] = sources;
  if (first === undefined) return null;
  return rest.reduce((best, source) => (source.score > best.score ? source : best), first).name;
}

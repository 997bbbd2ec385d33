/** Collects served slates, what they brought, and what a run would have shown in their place. */

import type { Deadline } from "../../core/deadline.ts";
import { err, ok, type Result } from "../../core/result.ts";
import { watchSignal } from "../../events/watch-signal.ts";
import { replaySlate } from "../../recommend/slates/replay.ts";
import type { TrainedModel } from "../../recommend/trained-model.ts";
import type { LoggedSlate, ShownItem } from "./logged-slate.ts";
import type { SlateLog, SlateRange, SlateWithOutcome } from "./ports.ts";

/** What is kept in memory. */
const MAX_SLATES = 200_000;

export interface Collected {
  readonly slates: readonly LoggedSlate[];
  /** Degraded ones, and those of which a run cannot say what it would have shown. */
  readonly leftOut: number;
}

/** An error says why nothing can be estimated from the slates. */
export async function collectSlates(
  log: SlateLog,
  model: TrainedModel,
  range: SlateRange,
  deadline: Deadline,
): Promise<Result<Collected, string>> {
  const slates: LoggedSlate[] = [];
  let [leftOut, lacking] = [0, 0];
  const take = (page: readonly SlateWithOutcome[]) => {
    for (const served of page) {
      if (served.slate.items.length === 0) continue;
      if (!served.slate.items.every(({ propensity }) => propensity > 0)) lacking++;
      const target = targetOf(served, model);
      if (target === null) leftOut++;
      else slates.push(loggedSlate(served, target));
    }
    return slates.length < MAX_SLATES;
  };
  await log.read(range, take, deadline);
  if (lacking > 0) return err(`${lacking} slates lack propensities`);
  if (slates.length >= MAX_SLATES)
    return err(`there are more than ${MAX_SLATES} slates: take a shorter time`);
  return ok({ slates, leftOut });
}

/** With the filters, caps and diversity of the slate, and without exploration; null where that cannot be told. */
function targetOf({ slate, features }: SlateWithOutcome, model: TrainedModel): readonly string[] | null {
  if (slate.degraded !== null || typeof features === "string") return null;
  const { refined } = features;
  const unexplored = { ...features, refined: refined && { ...refined, exploration: null } };
  const replay = replaySlate({ slate, features: unexplored }, { kind: "trained", model });
  return replay.ok ? replay.value.replayed.map(({ item_id }) => item_id) : null;
}

function loggedSlate({ slate, watches }: SlateWithOutcome, target: readonly string[]): LoggedSlate {
  const byItem = Map.groupBy(watches, ({ itemId }) => itemId);
  const shown = slate.items.map(({ itemId, propensity }): ShownItem => {
    const own = byItem.get(itemId) ?? [];
    return {
      itemId,
      propensity,
      clicked: own.some((watch) => watchSignal(watch.watchTimeSec, watch.percentWatched) !== "view"),
      watchSec: own.reduce((sum, { watchTimeSec }) => sum + watchTimeSec, 0),
    };
  });
  return { userId: slate.userId === "" ? slate.sessionId : slate.userId, shown, target };
}

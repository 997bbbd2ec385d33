/** Whether training makes anything worse: made-up people of each kind, several seeds, the trained policy beside its parts. */

import { askOffline } from "../src/evaluation/ask-offline.ts";
import { FrozenFeatures } from "../src/evaluation/frozen-features.ts";
import { offlineModels } from "../src/evaluation/models.ts";
import { splitBy } from "../src/evaluation/split.ts";
import { Surprise } from "../src/evaluation/surprise.ts";
import { TRAINED, trainedModels } from "../src/evaluation/trained-models.ts";
import type { Interaction } from "../src/events/model.ts";
import { ndcg } from "../src/models/ndcg.ts";
import { train } from "../src/models/train.ts";
import { trainingLogOf } from "../src/models/training-log.ts";
import { CROWDS, type Crowd, crowdEvents } from "./data/crowds.ts";

const [people = 50, items = 200, seeds = 8] = process.argv.slice(2).map(Number);
const HALF_LIFE_HOURS = 8_760;
const EASE_MAX_ROWS = 4_000;
const DEPTH = 10;

/** NDCG@10 by model, for one seed. */
function figures(crowd: Crowd, protocol: "rolling" | "loo", seed: number): Map<string, number> {
  const interactions = crowdEvents(crowd, { people, items, seed }).map(
    (event, index): Interaction => ({ ...event, eventId: String(index), signal: "click", origin: "direct" }),
  );
  const split = splitBy(protocol, interactions);
  const features = new FrozenFeatures(split.training, HALF_LIFE_HOURS);
  const { model } = train(trainingLogOf(split.training), {
    runId: "20260101_023000",
    texts: new Map(),
    halfLifeHours: HALF_LIFE_HOURS,
    easeMaxRows: EASE_MAX_ROWS,
    onStage() {},
  });
  const models = [...offlineModels(features), ...trainedModels(model, features)];
  const sheets = askOffline(split, models, features, new Surprise(split.training));
  return new Map(
    sheets.map(({ model: name, ranks }) => [
      name,
      ranks.reduce((sum, rank) => sum + ndcg(rank, DEPTH), 0) / Math.max(1, ranks.length),
    ]),
  );
}

/** Mean and its standard error over the seeds. */
function summary(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = Math.sqrt(squares / Math.max(1, values.length - 1) / values.length);
  return { mean: Number(mean.toFixed(4)), error: Number(error.toFixed(4)) };
}

for (const crowd of Object.keys(CROWDS) as Crowd[]) {
  for (const protocol of ["rolling", "loo"] as const) {
    const runs = Array.from({ length: seeds }, (_, seed) => figures(crowd, protocol, seed + 1));
    // A run without a source has nothing from it.
    const of = (name: string) => runs.map((run) => run.get(name) ?? 0);
    const others = [...new Set(runs.flatMap((run) => [...run.keys()]))].filter((name) => name !== TRAINED);
    const best = others.reduce((a, b) => (summary(of(b)).mean > summary(of(a)).mean ? b : a));
    const less = (name: string) => {
      const values = of(name);
      return summary(of(TRAINED).map((value, run) => value - (values[run] as number)));
    };
    console.log(
      JSON.stringify({
        bench: "robustness",
        crowd,
        protocol,
        people,
        items,
        seeds,
        trained: summary(of(TRAINED)),
        minus_popularity: less("decayed_popularity"),
        best,
        minus_best: less(best),
      }),
    );
  }
}

/** The policies that take part in a contest: the functions that serve, over what a training log adds up to. */

import { RuleLists } from "../models/rule-lists.ts";
import { decayedPopularity, type TrainingLog } from "../models/training-log.ts";
import { NOTHING_HIDDEN } from "../recommend/hidden-items.ts";
import { ItemTable } from "../recommend/item-table.ts";
import { PopularityIndex } from "../recommend/popularity-index.ts";
import { recentOf, Weigher } from "../recommend/profile-weights.ts";
import { RetrievalScratch, SOURCE_DEPTH } from "../recommend/retrieval.ts";
import { rulesV1 } from "../recommend/rules-v1.ts";
import { StreamScratch } from "../recommend/stream-v1.ts";
import { objectivesOf, placeModel, type TrainedModel } from "../recommend/trained-model.ts";
import { TrainedScratch } from "../recommend/trained-scratch.ts";
import { newestItems } from "../recommend/user-profile.ts";
import { decisiveLength, type ScoredList } from "./mean-rank.ts";
import { DEPTHS } from "./metrics.ts";

export interface Contestant {
  readonly name: string;
  /** `profile`: what the user took before, as item numbers of the log, oldest first; `weights`: of the signals. */
  readonly rank: (profile: Int32Array, weights: Uint8Array) => ScoredList;
}

const LIST_LENGTH = decisiveLength(Math.max(...DEPTHS));
const NO_TIMES = new Float64Array(0);
/** Signals never fade in the popularity of `rules-v1`. */
const NEVER = Number.POSITIVE_INFINITY;

export class Contestants {
  /** Slots are item numbers of the log. */
  readonly #table = new ItemTable();
  readonly #rules: RuleLists;
  readonly #popularity: PopularityIndex;
  readonly #decayed: PopularityIndex;

  /** `itemIds` are those of the log that `fit` was cut from. */
  constructor(itemIds: readonly string[], fit: TrainingLog, halfLifeHours: number) {
    for (const itemId of itemIds) this.#table.intern(itemId);
    this.#rules = new RuleLists(fit, this.#table);
    this.#popularity = this.#indexOf(decayedPopularity(fit, NEVER));
    this.#decayed = this.#indexOf(decayedPopularity(fit, halfLifeHours));
  }

  /** Popularity and the built-in policies, then the trained ones by their names. */
  all(trained: Readonly<Record<string, TrainedModel>>): readonly Contestant[] {
    const popularity = this.#popularity;
    const stream = new StreamScratch();
    const common = { hidden: NOTHING_HIDDEN, k: LIST_LENGTH };
    return [
      {
        name: "popularity",
        rank: (profile) => stream.rank({ ...common, index: popularity, sources: [], unwanted: profile }),
      },
      { name: "rules-v1", rank: this.#rulesV1() },
      {
        name: "stream-v1",
        rank: (profile) =>
          stream.rank({
            ...common,
            index: this.#decayed,
            sources: this.#neighboursOf(profile),
            unwanted: profile,
          }),
      },
      ...Object.entries(trained).map(([name, model]) => ({ name, rank: this.#trained(model) })),
    ];
  }

  #rulesV1(): Contestant["rank"] {
    const retrieval = new RetrievalScratch();
    return (profile) => {
      const newest = Array.from(profile.slice(-SOURCE_DEPTH)).reverse();
      const input = {
        index: this.#popularity,
        sources: newest.map((item) => this.#rules.relatedTo(item)),
        unwanted: Array.from(profile, (item) => this.#table.nameOf(item)),
        hidden: NOTHING_HIDDEN,
        k: LIST_LENGTH,
      };
      return rulesV1(input, retrieval, () => 0).list;
    };
  }

  /** By the weights for users: each question is about somebody with a history. */
  #trained(model: TrainedModel): Contestant["rank"] {
    const scratch = new TrainedScratch();
    const placed = placeModel(model, this.#table);
    const weigher = new Weigher(objectivesOf(model));
    return (profile, weights) =>
      scratch.rank({
        placed,
        index: this.#decayed,
        neighbours: this.#neighboursOf(profile),
        recent: weigher.weigh(recentOf(profile, weights)),
        unwanted: profile,
        hidden: NOTHING_HIDDEN,
        k: LIST_LENGTH,
      });
  }

  #neighboursOf(profile: Int32Array) {
    const newest = newestItems({ table: this.#table, slots: profile, tsMs: NO_TIMES }, []);
    return newest.map((itemId) => this.#rules.neighboursOf(this.#table.slotOf(itemId)));
  }

  #indexOf(popularity: Float64Array): PopularityIndex {
    const index = new PopularityIndex(this.#table);
    index.replace(
      Array.from(popularity, (score, item) => ({ itemId: this.#table.nameOf(item), score })).filter(
        ({ score }) => score > 0,
      ),
    );
    return index;
  }
}

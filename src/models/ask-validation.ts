/** Asks a half-trained model the questions of the validation slice, by the code that serves. */

import type { Column } from "../recommend/blend-columns.ts";
import { NOTHING_HIDDEN } from "../recommend/hidden-items.ts";
import { ItemTable } from "../recommend/item-table.ts";
import { PopularityIndex } from "../recommend/popularity-index.ts";
import { recentOf, Weigher } from "../recommend/profile-weights.ts";
import type { SourceName } from "../recommend/ranked-list.ts";
import type { TrainedInput } from "../recommend/trained-input.ts";
import { objectivesOf, type PlacedModel, type TrainedModel } from "../recommend/trained-model.ts";
import { TrainedScratch } from "../recommend/trained-scratch.ts";
import { newestItems } from "../recommend/user-profile.ts";
import type { BlendProblem, BlendSheet } from "./coordinate-search.ts";
import { ndcg } from "./ndcg.ts";
import { RuleLists } from "./rule-lists.ts";
import { decayedPopularity, type TrainingLog } from "./training-log.ts";
import { thinned, type Validation, type ValidationQuestion } from "./validation.ts";

/** `user`: everything before is known; `session`: what happened since the session began. */
export type Viewpoint = "user" | "session";

const NDCG_DEPTH = 10;
const NO_TIMES = new Float64Array(0);

export class ValidationDesk {
  readonly #log: TrainingLog;
  readonly #questions: readonly ValidationQuestion[];
  /** Slots are item numbers. */
  readonly #table = new ItemTable();
  readonly #index: PopularityIndex;
  readonly #rules: RuleLists;
  readonly #scratch = new TrainedScratch();
  readonly #identity: Int32Array;

  constructor(log: TrainingLog, { fit, questions }: Validation, halfLifeHours: number) {
    this.#log = log;
    this.#questions = questions;
    for (const itemId of log.itemIds) this.#table.intern(itemId);
    this.#identity = Int32Array.from(log.itemIds, (_, item) => item);
    this.#index = new PopularityIndex(this.#table);
    const popularity = decayedPopularity(fit, halfLifeHours);
    this.#index.replace(
      log.itemIds.flatMap((itemId, item) => {
        const score = popularity[item] as number;
        return score > 0 ? [{ itemId, score }] : [];
      }),
    );
    this.#rules = new RuleLists(fit, this.#table);
  }

  /** Questions that can be asked from this viewpoint. */
  count(viewpoint: Viewpoint): number {
    return this.#asked(viewpoint).length;
  }

  /** What each source gives the candidates of each question. */
  blendProblem(model: TrainedModel, sources: readonly SourceName[], viewpoint: Viewpoint): BlendProblem {
    const sheets: BlendSheet[] = [];
    const weigher = new Weigher(objectivesOf(model));
    const questions = this.#asked(viewpoint);
    const all = Object.fromEntries(sources.map((name) => [name, 1]));
    for (const question of questions) {
      const target = this.#log.items[question.event] as number;
      this.#scratch.withColumns(this.#input(model, weigher, question, viewpoint), all, (slots, columns) => {
        const row = slots.indexOf(target);
        if (row < 0) return;
        const shares = sources.map((name) =>
          spread(
            columns.find((column) => column.name === name),
            slots,
          ),
        );
        sheets.push({ size: slots.length, target: row, user: question.userStart, shares });
      });
    }
    return { sources, sheets, questions: questions.length };
  }

  /**
   * NDCG@10 of one source alone, ties by mean rank; items without a score are not in its list. At most `maxQuestions` are asked.
   */
  alone(
    model: TrainedModel,
    name: SourceName,
    viewpoint: Viewpoint,
    maxQuestions = Number.POSITIVE_INFINITY,
  ): number {
    const questions = thinned(this.#asked(viewpoint), maxQuestions);
    const weigher = new Weigher(objectivesOf(model));
    let sum = 0;
    for (const question of questions) {
      const target = this.#log.items[question.event] as number;
      this.#scratch.withColumns(
        this.#input(model, weigher, question, viewpoint),
        { [name]: 1 },
        (slots, columns) => {
          const values = columns.find((column) => column.name === name)?.values;
          if (values && (values[target] as number) > 0) sum += gainOf(values, slots, target);
        },
      );
    }
    return questions.length > 0 ? sum / questions.length : 0;
  }

  #asked(viewpoint: Viewpoint): readonly ValidationQuestion[] {
    if (viewpoint === "user") return this.#questions;
    return this.#questions.filter(({ event, sessionStart }) => event > sessionStart);
  }

  #input(
    model: TrainedModel,
    weigher: Weigher,
    question: ValidationQuestion,
    viewpoint: Viewpoint,
  ): TrainedInput {
    const { event } = question;
    const first = viewpoint === "user" ? question.userStart : question.sessionStart;
    const slots = this.#log.items.subarray(first, event);
    const placed: PlacedModel = { model, table: this.#table, slots: this.#identity, numbers: this.#identity };
    const newest = newestItems({ table: this.#table, slots, tsMs: NO_TIMES }, []);
    return {
      placed,
      index: this.#index,
      neighbours: newest.map((itemId) => this.#rules.neighboursOf(this.#table.slotOf(itemId))),
      recent: weigher.weigh(recentOf(slots, this.#log.weights.subarray(first, event))),
      unwanted: slots,
      hidden: NOTHING_HIDDEN,
      k: 0,
    };
  }
}

function gainOf(values: Column["values"], slots: Int32Array, target: number): number {
  const own = values[target] as number;
  let above = 0;
  let equal = 0;
  for (let row = 0; row < slots.length; row++) {
    const value = values[slots[row] as number] as number;
    if (value > own) above++;
    else if (value === own) equal++;
  }
  const rank = above + (1 + equal) / 2;
  return equal > 0 ? ndcg(rank, NDCG_DEPTH) : 0;
}

function spread(column: Column | undefined, slots: Int32Array): Float32Array {
  const shares = new Float32Array(slots.length);
  if (column === undefined || column.most <= column.least) return shares;
  const { values, least, most } = column;
  for (let row = 0; row < slots.length; row++) {
    shares[row] = ((values[slots[row] as number] as number) - least) / (most - least);
  }
  return shares;
}

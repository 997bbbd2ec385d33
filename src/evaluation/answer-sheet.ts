/** What one model answered to all questions, kept as numbers. */

import { meanRank, type ScoredList } from "./mean-rank.ts";
import { SHOWN } from "./metrics.ts";
import type { Question } from "./split.ts";
import type { Surprise } from "./surprise.ts";

export class AnswerSheet {
  readonly model: string;
  /** By question: rank of the right item; infinite where the list lacks it. */
  readonly ranks: Float64Array;
  /** By question: mean surprise of the items shown, in bits; 0 for an empty list. */
  readonly novelty: Float64Array;
  /** All items that were shown to anybody. */
  readonly shown = new Set<string>();
  readonly #questions: readonly Question[];
  readonly #surprise: Surprise;

  constructor(model: string, questions: readonly Question[], surprise: Surprise) {
    this.model = model;
    this.#questions = questions;
    this.#surprise = surprise;
    this.ranks = new Float64Array(questions.length);
    this.novelty = new Float64Array(questions.length);
  }

  /** Notes the answer to the question at `index`. */
  note(index: number, list: ScoredList): void {
    const { target } = this.#questions[index] as Question;
    this.ranks[index] = meanRank(list, target.itemId);
    const shown = list.itemIds.slice(0, SHOWN);
    let bits = 0;
    for (const itemId of shown) {
      this.shown.add(itemId);
      bits += this.#surprise.bitsOf(itemId);
    }
    this.novelty[index] = shown.length > 0 ? bits / shown.length : 0;
  }
}

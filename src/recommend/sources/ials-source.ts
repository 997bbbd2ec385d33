/** iALS: the profile is folded in to a vector, and items score by its product with theirs. */

import { FactorSearch, product } from "../factor-search.ts";
import { FoldIn } from "../fold-in.ts";
import { FACTORS, type ItemFactors } from "../item-factors.ts";
import { ProfileRows } from "../profile-rows.ts";
import type { Weigher } from "../profile-weights.ts";
import type { TrainedInput } from "../trained-input.ts";
import type { Source } from "./source.ts";

const CANDIDATES = 200;

interface Kept {
  readonly factors: ItemFactors;
  readonly by: Weigher;
  readonly vector: Float64Array;
}

/** s(y) = x'y where that is above 0; x solves the least squares of the profile, newer items counting more. */
export function ialsSource(): Source {
  const foldIn = new FoldIn();
  const rows = new ProfileRows();
  const search = new FactorSearch(CANDIDATES);
  const scratch = new Float64Array(FACTORS);
  /** Of profiles that are in memory anyway: their vectors go with them. */
  const kept = new WeakMap<object, Kept>();
  let vector: Float64Array = scratch;
  /** By number of an item; 0 between answers. */
  let unwanted = new Uint8Array(0);

  const vectorOf = (factors: ItemFactors, input: TrainedInput): Float64Array => {
    const { by } = input.recent;
    const known = input.profile && kept.get(input.profile);
    if (known?.factors === factors && known.by === by) return known.vector;
    const into = input.profile ? new Float64Array(FACTORS) : scratch;
    rows.follow(factors, input);
    foldIn.solve(factors, factors.vectors, rows.places, rows.confidences, rows.count, into);
    if (input.profile) kept.set(input.profile, { factors, by, vector: into });
    return into;
  };

  const markUnwanted = ({ placed: { numbers, slots }, unwanted: slotsOf }: TrainedInput, mark: 0 | 1) => {
    if (unwanted.length < slots.length) unwanted = new Uint8Array(slots.length);
    for (let place = 0; place < slotsOf.length; place++) {
      const item = numbers[slotsOf[place] as number] ?? -1;
      if (item >= 0) unwanted[item] = mark;
    }
  };

  return {
    name: "ials",
    score(input, into) {
      const { model, slots } = input.placed;
      const { factors } = model;
      if (factors === undefined) return;
      vector = vectorOf(factors, input);
      markUnwanted(input, 1);
      const accepts = (item: number) => unwanted[item] === 0 && !input.hidden.has(slots[item] as number);
      search.best(factors, vector, accepts, (item, value) => into.add(slots[item] as number, value));
      markUnwanted(input, 0);
    },
    complete({ placed: { model, numbers } }, candidates, into) {
      const { factors } = model;
      if (factors === undefined) return;
      for (let row = 0; row < candidates.length; row++) {
        const slot = candidates[row] as number;
        const number = numbers[slot] ?? -1;
        if (number < 0 || into.values[slot] !== 0) continue;
        const value = product(vector, factors.vectors, (factors.places[number] as number) * FACTORS);
        if (value > 0) into.add(slot, value);
      }
    },
  };
}

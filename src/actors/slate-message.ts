/**
 * Slates on their way to the writer. One text clones between threads for a fraction of what the objects in it cost;
 * columns of numbers go as they are.
 */

import type { CandidateFeatures, FeatureColumn, FeatureValues } from "../recommend/slates/features.ts";
import type { NewFeatures, NewSlate, SlateBatch } from "../recommend/slates/slate.ts";

export interface SlatesMessage {
  readonly kind: "slates";
  readonly count: number;
  /** JSON of what is not a column. */
  readonly text: string;
  /** Columns of the features, one after the other. */
  readonly values: readonly FeatureValues[];
}

/** Control characters are in no id. */
const BETWEEN_IDS = "\n";

type CandidatesHead = Omit<CandidateFeatures, "columns" | "itemIds"> & {
  readonly columns: readonly Omit<FeatureColumn, "values">[];
  /** One text, which is written and read faster than a thousand of them. */
  readonly itemIds: string;
};
type FeaturesHead = Omit<NewFeatures, "features"> & {
  readonly features: Omit<NewFeatures["features"], "candidates"> & { readonly candidates: CandidatesHead };
};

interface Wire {
  readonly slates: readonly NewSlate[];
  readonly features: readonly FeaturesHead[];
}

export function packSlates({ slates, features }: SlateBatch): SlatesMessage {
  const heads = features.map((each): FeaturesHead => {
    const { candidates } = each.features;
    const columns = candidates.columns.map(({ name, weight }) => ({ name, weight }));
    const itemIds = candidates.itemIds.join(BETWEEN_IDS);
    return { ...each, features: { ...each.features, candidates: { ...candidates, columns, itemIds } } };
  });
  return {
    kind: "slates",
    count: slates.length,
    text: `{"slates":[${slates.map(textOf).join(",")}],"features":${JSON.stringify(heads)}}`,
    values: features.flatMap(({ features: { candidates } }) =>
      candidates.columns.map(({ values }) => values),
    ),
  };
}

/** The items of a kept list are answered many times, and written once. */
const itemTexts = new WeakMap<NewSlate["items"], string>();

function textOf({ items, ...slate }: NewSlate): string {
  let text = itemTexts.get(items);
  if (text === undefined) {
    text = JSON.stringify(items);
    itemTexts.set(items, text);
  }
  return `${JSON.stringify(slate).slice(0, -1)},"items":${text}}`;
}

export function unpackSlates({ text, values }: SlatesMessage): SlateBatch {
  const { slates, features } = JSON.parse(text) as Wire;
  let next = 0;
  return {
    slates,
    features: features.map((each) => {
      const { candidates } = each.features;
      const columns = candidates.columns.map((column) => ({
        ...column,
        values: values[next++] as FeatureValues,
      }));
      const itemIds = candidates.itemIds === "" ? [] : candidates.itemIds.split(BETWEEN_IDS);
      const whole: CandidateFeatures = { ...candidates, columns, itemIds };
      return { ...each, features: { ...each.features, candidates: whole } };
    }),
  };
}

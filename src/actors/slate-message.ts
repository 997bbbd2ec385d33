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

type WithoutColumns = NewFeatures & {
  readonly features: { readonly candidates: { readonly columns: readonly Omit<FeatureColumn, "values">[] } };
};

interface Wire {
  readonly slates: readonly NewSlate[];
  readonly features: readonly WithoutColumns[];
}

export function packSlates({ slates, features }: SlateBatch): SlatesMessage {
  const heads = features.map((each) => {
    const { candidates } = each.features;
    const columns = candidates.columns.map(({ name, weight }) => ({ name, weight }));
    return { ...each, features: { ...each.features, candidates: { ...candidates, columns } } };
  });
  return {
    kind: "slates",
    count: slates.length,
    text: JSON.stringify({ slates, features: heads }),
    values: features.flatMap(({ features: { candidates } }) =>
      candidates.columns.map(({ values }) => values),
    ),
  };
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
      const whole: CandidateFeatures = { ...candidates, columns };
      return { ...each, features: { ...each.features, candidates: whole } };
    }),
  };
}

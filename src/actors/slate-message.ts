/**
 * Slates on their way to the writer. One text clones between threads for a fraction of what the objects in it cost; what
 * was written already goes as it is.
 */

import type { NewFeatures, NewSlate, SlateBatch } from "../recommend/slates/slate.ts";

export interface SlatesMessage {
  readonly kind: "slates";
  readonly count: number;
  /** JSON of what stands below in neither. */
  readonly text: string;
  /** Of each slate. */
  readonly items: readonly string[];
  /** Features, each as it was written. */
  readonly written: readonly NewFeatures["written"][];
}

interface Wire {
  readonly slates: readonly Omit<NewSlate, "items">[];
  readonly features: readonly Omit<NewFeatures, "written">[];
}

export function packSlates({ slates, features }: SlateBatch): SlatesMessage {
  const wire: Wire = {
    slates: slates.map(({ items: _, ...slate }) => slate),
    features: features.map(({ id, servedAtMs }) => ({ id, servedAtMs })),
  };
  return {
    kind: "slates",
    count: slates.length,
    text: JSON.stringify(wire),
    items: slates.map(({ items }) => items),
    written: features.map(({ written }) => written),
  };
}

export function unpackSlates({ text, items, written }: SlatesMessage): SlateBatch {
  const { slates, features } = JSON.parse(text) as Wire;
  return {
    slates: slates.map((slate, place) => ({ ...slate, items: items[place] as string })),
    features: features.map((each, place) => ({ ...each, written: written[place] ?? null })),
  };
}

/** Finds the series of a metric by its labels, and folds values that are not allowed into `other`. */

import type { MetricDefinition } from "./metric-catalog.ts";
import type { Labels } from "./metrics-types.ts";

export interface Series {
  readonly name: string;
  readonly labels: Labels;
  /** First of `length` slots that hold its values. */
  readonly offset: number;
  readonly length: number;
}

export interface Family {
  readonly name: string;
  readonly definition: MetricDefinition;
  readonly labelNames: readonly string[];
  /** By `labelKey`. */
  readonly series: Map<string, Series>;
}

export const createFamily = (name: string, definition: MetricDefinition): Family => ({
  name,
  definition,
  labelNames: Object.keys(definition.labels),
  series: new Map(),
});

/** Throws when a declared label is missing. */
export function labelKey(family: Family, labels: Labels): string {
  let key = "";
  for (const label of family.labelNames) {
    const value = labels[label];
    if (value === undefined) throw new Error(`${family.name} needs label ${label}`);
    key += `${value}\u0000`;
  }
  return key;
}

/**
 * The labels themselves when they may become a new series, else a copy with `other` in place of what may not:
 * a value outside a closed set, or any open value once the family holds `maxLabelSets` series.
 * Throws when a label is not declared.
 */
export function boundLabels(family: Family, labels: Labels, maxLabelSets: number): Labels {
  const { definition } = family;
  for (const label of Object.keys(labels)) {
    if (!(label in definition.labels)) throw new Error(`${family.name} has no label ${label}`);
  }
  const full = family.series.size >= maxLabelSets;
  const bounded = Object.entries(definition.labels).map(([label, allowed]): [string, string] => {
    const value = labels[label] ?? "";
    const fits = allowed === "open" ? !full : allowed.includes(value);
    return [label, fits ? value : "other"];
  });
  return bounded.every(([label, value]) => labels[label] === value) ? labels : Object.fromEntries(bounded);
}

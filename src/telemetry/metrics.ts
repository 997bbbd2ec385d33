/** Counts one actor's metrics in a typed array; every name and label set must be in the catalogue. */

import { boundLabels, createFamily, type Family, labelKey, type Series } from "./label-sets.ts";
import { METRIC_CATALOG, type MetricDefinition } from "./metric-catalog.ts";
import type { Counter, Gauge, Histogram, Labels, Metrics, MetricsSnapshot } from "./metrics-types.ts";

/** Series of one metric and actor beyond this number are folded into one whose open labels are `other`. */
const MAX_LABEL_SETS = 1000;

/** A growing array of numbers; an offset stays valid. */
interface Slots {
  allocate(length: number, initial: number): number;
  add(offset: number, by: number): void;
  set(offset: number, value: number): void;
  read(offset: number, length: number): number[];
}

export function createMetrics(options: { maxLabelSets?: number } = {}): Metrics {
  const maxLabelSets = options.maxLabelSets ?? MAX_LABEL_SETS;
  const slots = createSlots();
  const families = new Map(
    Object.entries(METRIC_CATALOG).map(([name, definition]) => [name, createFamily(name, definition)]),
  );
  const find = (name: string, type: MetricDefinition["type"], labels: Labels): Series => {
    const family = families.get(name);
    if (family?.definition.type !== type) throw new Error(`no ${type} named ${name} is declared`);
    const known = family.series.get(labelKey(family, labels));
    if (known) return known;
    const bounded = boundLabels(family, labels, maxLabelSets);
    if (bounded !== labels)
      slots.add(find("reco_label_overflow_total", "counter", { metric: name }).offset, 1);
    return family.series.get(labelKey(family, bounded)) ?? addSeries(family, bounded, slots);
  };
  return {
    counter: (name, labels = {}) => counterAt(slots, find(name, "counter", labels)),
    gauge: (name, labels = {}) => gaugeAt(slots, find(name, "gauge", labels)),
    histogram(name, labels = {}) {
      const series = find(name, "histogram", labels);
      return histogramAt(slots, series, METRIC_CATALOG[name]?.buckets ?? []);
    },
    snapshot: () => ({ series: [...families.values()].flatMap((family) => readFamily(family, slots)) }),
  };
}

function createSlots(): Slots {
  let values = new Float64Array(1024);
  let used = 0;
  return {
    allocate(length, initial) {
      if (used + length > values.length) {
        const grown = new Float64Array(values.length * 2 + length);
        grown.set(values);
        values = grown;
      }
      const offset = used;
      used += length;
      values.fill(initial, offset, used);
      return offset;
    },
    add(offset, by) {
      values[offset] = (values[offset] ?? 0) + by;
    },
    set(offset, value) {
      values[offset] = value;
    },
    read: (offset, length) => Array.from(values.subarray(offset, offset + length)),
  };
}

function addSeries(family: Family, labels: Labels, slots: Slots): Series {
  const { name, definition } = family;
  const length = definition.type === "histogram" ? definition.buckets.length + 2 : 1;
  // A gauge without a value is NaN and stays out of snapshots.
  const offset = slots.allocate(length, definition.type === "gauge" ? Number.NaN : 0);
  const series = { name, labels: { ...labels }, offset, length };
  family.series.set(labelKey(family, labels), series);
  return series;
}

const counterAt = (slots: Slots, { offset }: Series): Counter => ({
  inc: (by = 1) => slots.add(offset, by),
});

const gaugeAt = (slots: Slots, { offset }: Series): Gauge => ({
  set: (value) => slots.set(offset, value),
  remove: () => slots.set(offset, Number.NaN),
});

function histogramAt(slots: Slots, { offset, length }: Series, buckets: readonly number[]): Histogram {
  const bounds = Float64Array.from(buckets);
  return {
    observe(value) {
      // Clocks of two machines may disagree, and one NaN would stay in the sum for ever.
      const clamped = Number.isFinite(value) ? Math.max(value, 0) : 0;
      let bucket = 0;
      while (bucket < bounds.length && clamped > (bounds[bucket] as number)) bucket++;
      if (bucket < bounds.length) slots.add(offset + bucket, 1);
      slots.add(offset + length - 2, clamped);
      slots.add(offset + length - 1, 1);
    },
  };
}

function readFamily(family: Family, slots: Slots): MetricsSnapshot["series"] {
  const isHistogram = family.definition.type === "histogram";
  return [...family.series.values()].flatMap(({ name, labels, offset, length }) => {
    const values = slots.read(offset, length);
    if (Number.isNaN(values[0])) return [];
    return [{ name, labels, values: isHistogram ? cumulate(values) : values }];
  });
}

/** Bucket counts summed up from the left; the two last values, sum and count, as they are. */
function cumulate(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value, index) => {
    if (index >= values.length - 2) return value;
    total += value;
    return total;
  });
}

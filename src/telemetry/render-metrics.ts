/** Merges the actors' snapshots and writes them as Prometheus text, version 0.0.4. */

import { AggregatorRegistry } from "prom-client";
import { METRIC_CATALOG, type MetricDefinition } from "./metric-catalog.ts";
import type { Labels, MetricsSnapshot } from "./metrics-types.ts";

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What prom-client's aggregation reads: one metric of one actor. */
interface MetricDocument {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: Sample[];
}

/** Counters and histograms with closed labels are written from the start, with zeros. */
export function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  const documents = [zeroSnapshot, ...snapshots].map(toDocuments);
  // A gauge is merged as the catalogue says: prom-client alone would sum two workers' states.
  return AggregatorRegistry.aggregate(documents).metrics();
}

const zeroSnapshot: MetricsSnapshot = {
  series: Object.entries(METRIC_CATALOG).flatMap(([name, definition]) => {
    if (definition.type === "gauge") return [];
    const length = definition.type === "histogram" ? definition.buckets.length + 2 : 1;
    const values = new Array<number>(length).fill(0);
    return closedLabelSets(definition).map((labels) => ({ name, labels, values }));
  }),
};

/** Every label set that can occur; none when a label is open. */
function closedLabelSets(definition: MetricDefinition): Labels[] {
  let sets: Labels[] = [{}];
  for (const [label, allowed] of Object.entries(definition.labels)) {
    if (allowed === "open") return [];
    sets = sets.flatMap((labels) => allowed.map((value) => ({ ...labels, [label]: value })));
  }
  return sets;
}

function toDocuments(snapshot: MetricsSnapshot): MetricDocument[] {
  const documents = new Map<string, MetricDocument>();
  for (const { name, labels, values } of snapshot.series) {
    const definition = METRIC_CATALOG[name];
    if (!definition) continue; // An actor of another build during a rolling update.
    const { help, type, merge } = definition;
    const document = documents.get(name) ?? { name, help, type, aggregator: merge, values: [] };
    document.values.push(
      ...(type === "histogram"
        ? histogramSamples(name, definition, labels, values)
        : [{ metricName: name, labels, value: values[0] ?? 0 }]),
    );
    documents.set(name, document);
  }
  return [...documents.values()];
}

function histogramSamples(
  name: string,
  definition: MetricDefinition,
  labels: Labels,
  values: readonly number[],
): Sample[] {
  const count = values.at(-1) ?? 0;
  const buckets = [...definition.buckets.map(String), "+Inf"].map((le, index) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value: index < definition.buckets.length ? (values[index] ?? 0) : count,
  }));
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: values.at(-2) ?? 0 },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

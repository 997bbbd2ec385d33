/** Reads the consumers' lag out of a tree's Prometheus text. */

import type { LagReport, PartitionLag } from "./report.ts";

const SERIES = /^reco_feature_consumer_partition_lag\{(.*)\} (\S+)$/gm;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export function readPartitionLags(metricsText: string): LagReport {
  const partitions = [...metricsText.matchAll(SERIES)].map(([, labels = "", value]): PartitionLag => {
    const named = Object.fromEntries(
      [...labels.matchAll(LABEL)].map(([, name, text]) => [name, unescaped(text)]),
    );
    return {
      topic: named["topic"] ?? "",
      partition: Number(named["partition"]),
      records: Number(value),
    };
  });
  partitions.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
  return { records: partitions.reduce((sum, { records }) => sum + records, 0), partitions };
}

const unescaped = (text = ""): string =>
  text.replace(/\\(.)/g, (_, character) => (character === "n" ? "\n" : character));

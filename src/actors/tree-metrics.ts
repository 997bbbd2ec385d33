/** Prometheus text of the whole tree: what every actor counted, and what the supervisor knows of them. */

import type { ActorContext, ChildStatus } from "../supervisor/actor.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { MetricsSnapshot } from "../telemetry/metrics-types.ts";
import { renderMetrics } from "../telemetry/render-metrics.ts";

/** Actors that are late are left out: a scrape must not wait for a sick one. */
export async function renderTreeMetrics(context: ActorContext, timeoutMs: number): Promise<string> {
  const [snapshots, children] = await Promise.all([
    surveyMetrics(context, timeoutMs),
    context.tree(timeoutMs),
  ]);
  return renderMetrics([...snapshots, supervisorMetrics(children)]);
}

/** What every actor that answers in time has counted. */
export async function surveyMetrics(context: ActorContext, timeoutMs: number): Promise<MetricsSnapshot[]> {
  const answers = await context.survey("metrics", timeoutMs);
  return answers.flatMap(({ answer }) => (isSnapshot(answer) ? [answer] : []));
}

const isSnapshot = (answer: unknown): answer is MetricsSnapshot =>
  typeof answer === "object" && answer !== null && "series" in answer;

function supervisorMetrics(children: readonly ChildStatus[]): MetricsSnapshot {
  const metrics = createMetrics();
  for (const { id, restarts, deadLetters } of children) {
    metrics.counter("reco_worker_restarts_total", { role: roleOf(id) }).inc(restarts);
    for (const [reason, count] of Object.entries(deadLetters)) {
      metrics.counter("reco_dead_letters_total", { actor: id, reason }).inc(count);
      if (reason === "full" || reason === "timeout") {
        metrics.counter("reco_mailbox_dropped_total", { actor: id, reason }).inc(count);
      }
    }
  }
  return metrics.snapshot();
}

/** `http` of `http-0`. */
export const roleOf = (id: string) => id.replace(/-\d+$/, "");

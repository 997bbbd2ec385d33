/** The text of a scrape: every actor's counts, and the supervisor's view of them. */

import { describe, expect, test } from "bun:test";
import { renderTreeMetrics, roleOf, surveyMetrics } from "../../../src/actors/tree-metrics.ts";
import type { ChildStatus } from "../../../src/supervisor/actor.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { createTestContext } from "../../support/actor-context.ts";

const aStatus = (id: string, more: Partial<ChildStatus> = {}): ChildStatus => ({
  id,
  state: "running",
  isolation: "inline",
  incarnation: 1,
  restarts: 0,
  pid: 1,
  uptimeMs: 0,
  lastExit: null,
  deadLetters: {},
  ...more,
});

const counted = (outcome: string, by: number) => {
  const metrics = createMetrics();
  metrics.counter("reco_impression_log_total", { outcome }).inc(by);
  return metrics.snapshot();
};

const aTree = (answers: readonly unknown[], tree: readonly ChildStatus[] = []) =>
  createTestContext({
    args: null,
    tree,
    survey: async (question) =>
      (question === "metrics" ? answers : []).map((answer) => ({ id: "x", answer })),
  });

/** Lines of one metric that are not zero. */
const linesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`${name}{`) && !line.endsWith(" 0"));

describe("metrics of the tree", () => {
  test("sums what the actors counted", async () => {
    const text = await renderTreeMetrics(aTree([counted("logged", 2), counted("logged", 3)]), 100);
    expect(linesOf(text, "reco_impression_log_total")).toEqual([
      'reco_impression_log_total{outcome="logged"} 5',
    ]);
  });

  test("leaves out actors that answer the question with something else", async () => {
    const answers = [null, undefined, "late", { other: 1 }, counted("logged", 1)];
    expect(await surveyMetrics(aTree(answers), 100)).toEqual([counted("logged", 1)]);
  });

  test("counts restarts by role", async () => {
    const tree = [aStatus("http-0", { restarts: 1 }), aStatus("http-1", { restarts: 2 }), aStatus("relay")];
    const text = await renderTreeMetrics(aTree([], tree), 100);
    expect(linesOf(text, "reco_worker_restarts_total")).toEqual([
      'reco_worker_restarts_total{role="http"} 3',
    ]);
  });

  test("counts dead letters by actor and reason, and those for want of room as dropped", async () => {
    const tree = [aStatus("writer", { deadLetters: { full: 4, timeout: 2, peer_down: 1 } })];
    const text = await renderTreeMetrics(aTree([], tree), 100);
    expect(linesOf(text, "reco_dead_letters_total").toSorted()).toEqual([
      'reco_dead_letters_total{actor="writer",reason="full"} 4',
      'reco_dead_letters_total{actor="writer",reason="peer_down"} 1',
      'reco_dead_letters_total{actor="writer",reason="timeout"} 2',
    ]);
    expect(linesOf(text, "reco_mailbox_dropped_total").toSorted()).toEqual([
      'reco_mailbox_dropped_total{actor="writer",reason="full"} 4',
      'reco_mailbox_dropped_total{actor="writer",reason="timeout"} 2',
    ]);
  });
});

test("a role is an id without its number", () => {
  expect(["http-0", "consumer-12", "relay", "writer"].map(roleOf)).toEqual([
    "http",
    "consumer",
    "relay",
    "writer",
  ]);
});

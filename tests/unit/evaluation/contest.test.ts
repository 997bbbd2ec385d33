/** Who wins a contest, and on which events it is held. */

import { describe, expect, test } from "bun:test";
import { holdContest, type Incumbent } from "../../../src/evaluation/contest.ts";
import { train } from "../../../src/models/train.ts";
import { type TrainingLog, TrainingLogBuilder } from "../../../src/models/training-log.ts";
import { cutAt } from "../../../src/models/validation.ts";
import type { TrainedModel } from "../../../src/recommend/trained-model.ts";
import { eventsByChance, eventsByTaste, type MadeUpEvent } from "../../support/tastes.ts";

const OPTIONS = {
  runId: "20260101_023000",
  texts: new Map(),
  halfLifeHours: 8_760,
  easeMaxRows: 200,
  onStage() {},
};
const tastes = (users = 240): TrainingLog => logOf(eventsByTaste(users, 1_000_000_000_000));

function logOf(events: readonly MadeUpEvent[]): TrainingLog {
  const builder = new TrainingLogBuilder();
  let userId = "";
  for (const event of events) {
    if (event.userId !== userId) builder.endUser();
    builder.add({ ...event, signal: "click" });
    userId = event.userId;
  }
  return builder.build();
}

const runOf = (model: TrainedModel, learnedToMs: number): Incumbent => ({ kind: "run", model, learnedToMs });
const newestOf = ({ tsMs }: TrainingLog) => tsMs.reduce((newest, each) => Math.max(newest, each), 0);

describe("a contest", () => {
  const log = tastes();

  test("against the baseline is won by what learns tastes, beyond chance", () => {
    const contest = holdContest(log, { kind: "builtin", name: "rules-v1" }, OPTIONS);
    expect(contest?.figures).toMatchObject({ opponent: "rules-v1" });
    expect(contest?.figures.ci_low).toBeGreaterThan(0);
    expect(contest?.figures.diff).toBeCloseTo(
      (contest?.figures.ndcg_at_10 ?? 0) - (contest?.figures.opponent_ndcg_at_10 ?? 0),
      9,
    );
  });

  test("about what happens by chance is won by nobody", () => {
    const chance = logOf(eventsByChance(120, 1_000_000_000_000));
    const figures = holdContest(chance, { kind: "builtin", name: "stream-v1" }, OPTIONS)?.figures;
    expect(figures?.ci_low).toBeLessThanOrEqual(0);
  });

  test("tells every model's figures, for popularity and the baselines too", () => {
    const contest = holdContest(log, { kind: "builtin", name: "stream-v1" }, OPTIONS);
    const models = new Set(contest?.rows.map(({ model }) => model));
    expect(models).toEqual(new Set(["popularity", "rules-v1", "stream-v1", "trained"]));
    expect(new Set(contest?.paired.map(({ a }) => a))).toEqual(new Set(["trained"]));
  });

  test("is even against a run by the same recipe on the same events", () => {
    const cutMs = log.tsMs.toSorted()[Math.floor(log.tsMs.length * 0.8)] as number;
    const same = train(cutAt(log, cutMs, 0).fit, { ...OPTIONS, runId: "20250101_000000" }).model;
    const figures = holdContest(log, runOf(same, cutMs - 1), OPTIONS)?.figures;
    expect([figures?.opponent, figures?.diff, figures?.ci_low]).toEqual(["20250101_000000", 0, 0]);
  });

  test("asks about nothing that the run in service has learned", () => {
    const learnedToMs = log.tsMs.toSorted()[Math.floor(log.tsMs.length * 0.85)] as number;
    const knowing = train(log, { ...OPTIONS, runId: "20250101_000000" }).model;
    const questions = holdContest(log, runOf(knowing, learnedToMs), OPTIONS)?.figures.questions ?? 0;
    const newer = log.tsMs.filter((atMs) => atMs > learnedToMs).length;
    expect(questions).toBeGreaterThan(50);
    expect(questions).toBeLessThanOrEqual(Math.ceil(newer / 2));
  });

  test("is not held where nothing is newer than what the run has learned, or there is next to nothing", () => {
    const knowing = train(log, { ...OPTIONS, runId: "20250101_000000" }).model;
    expect(holdContest(log, runOf(knowing, newestOf(log)), OPTIONS)).toBeNull();
    expect(holdContest(tastes(10), { kind: "builtin", name: "rules-v1" }, OPTIONS)).toBeNull();
  });

  test("comes out the same each time", () => {
    const once = holdContest(log, { kind: "builtin", name: "stream-v1" }, OPTIONS);
    expect(holdContest(log, { kind: "builtin", name: "stream-v1" }, OPTIONS)).toEqual(once);
  });
});

/** What is chosen is what was measured: no setting changes once a blend was weighed with it. */

import { expect, test } from "bun:test";
import { seededRandom } from "../../../src/core/random.ts";
import type { Signal } from "../../../src/events/model.ts";
import { ValidationDesk } from "../../../src/models/ask-validation.ts";
import { BLENDED_SOURCES, chooseSettings } from "../../../src/models/choose-settings.ts";
import { gainsOf } from "../../../src/models/coordinate-search.ts";
import { easeProblem } from "../../../src/models/ease.ts";
import { itemKnn } from "../../../src/models/item-knn.ts";
import { DEFAULT_SETTINGS, learn } from "../../../src/models/learn.ts";
import { takesOf } from "../../../src/models/takes.ts";
import { type TrainingLog, TrainingLogBuilder } from "../../../src/models/training-log.ts";
import { validationOf } from "../../../src/models/validation.ts";

const USERS = 60;
const ITEMS = 40;
const HOUR_MS = 3_600_000;
const LIST_LENGTH = 50;
const NO_CONTENT = {
  starts: new Int32Array(ITEMS + 1),
  items: new Int32Array(0),
  weights: new Float32Array(0),
};

/** Users with a taste for a fifth of the items each, in a few sessions. */
function someLog(seed: number): TrainingLog {
  const random = seededRandom(seed);
  const builder = new TrainingLogBuilder();
  for (let user = 0; user < USERS; user++) {
    const taste = user % 5;
    let tsMs = Math.floor(random.next() * 200) * HOUR_MS;
    for (let event = 0; event < 12; event++) {
      const isOwn = random.next() < 0.7;
      const item = isOwn ? taste + 5 * Math.floor(random.next() * 8) : Math.floor(random.next() * ITEMS);
      builder.add({ itemId: `i-${item}`, signal: "view", tsMs });
      tsMs += random.next() < 0.25 ? 20 * HOUR_MS : 60_000;
    }
    builder.endUser();
  }
  return builder.build();
}

/** Users whose interactions of one kind tell their taste, and those of the other kind nothing. */
function logToldBy(telling: Signal): TrainingLog {
  const random = seededRandom(7);
  const builder = new TrainingLogBuilder();
  for (let user = 0; user < 2 * USERS; user++) {
    for (let event = 0; event < 12; event++) {
      const tells = random.next() < 0.5;
      const item = tells ? (user % 5) + 5 * Math.floor(random.next() * 8) : Math.floor(random.next() * ITEMS);
      const signal = tells === (telling === "purchase") ? "purchase" : "view";
      builder.add({ itemId: `i-${item}`, signal, tsMs: (event * 2 * USERS + user) * HOUR_MS });
    }
    builder.endUser();
  }
  return builder.build();
}

function choose(log: TrainingLog, onStage: (stage: string) => void = () => {}) {
  return chooseSettings(log, {
    content: NO_CONTENT,
    halfLifeHours: 8_760,
    easeMaxRows: 1_000,
    ialsMaxUsers: 0,
    listLength: LIST_LENGTH,
    mayGoOn: () => true,
    onStage,
  });
}

test("the reported figure of the users' blend is the one of the settings as they are served", () => {
  const other = Array.from({ length: 20 }, (_, seed) => someLog(seed)).find((log) => {
    const { settings } = choose(log);
    const isWeighed = (settings.weights["session_knn"] ?? 0) > 0;
    return isWeighed && settings.sessionDecay !== DEFAULT_SETTINGS.sessionDecay;
  });
  if (other === undefined) throw new Error("no log in which sessions count and ask for another decay");
  const { settings, figures } = choose(other);

  const validation = validationOf(other);
  const takes = takesOf(validation.fit);
  const ease = easeProblem(takes, 1_000)?.solve(settings.lambda as number);
  const lists = { content: NO_CONTENT, item_knn: itemKnn(takes, LIST_LENGTH) };
  const base = learn(validation.fit, lists, {}, settings);
  const model = {
    ...base,
    runId: "validation",
    strategy: "validation",
    lists: { ...base.lists, ...(ease && { ease }) },
  };
  const desk = new ValidationDesk(other, validation, 8_760);
  const problem = desk.blendProblem(model, BLENDED_SOURCES, "user");
  const gains = gainsOf(problem, settings.weights);
  const ndcg = gains.reduce((sum, gain) => sum + gain, 0) / problem.questions;
  expect(figures.ndcg_at_10).toBeCloseTo(ndcg, 9);
});

test("signals count by their weights, and alike where that foresees more", () => {
  expect(choose(logToldBy("purchase")).settings.signalWeights).toEqual({ view: 1, click: 3, purchase: 10 });
  expect(choose(logToldBy("view")).settings.signalWeights).toEqual({ view: 1, click: 1, purchase: 1 });
});

test("where all signals are the same nothing is tried", () => {
  const stages: string[] = [];
  choose(someLog(1), (stage) => stages.push(stage));
  expect(stages).not.toContain("signals");
  expect(stages).toContain("blend");
});

/** Chooses a model's settings on the last events of the training log: never on what it will be judged by. */

import type { ItemFactors } from "../recommend/item-factors.ts";
import type { ItemLists } from "../recommend/item-lists.ts";
import { EQUAL_SIGNALS } from "../recommend/profile-weights.ts";
import { SOURCE_NAMES, type SourceName } from "../recommend/ranked-list.ts";
import { SESSION_DECAYS } from "../recommend/session-index.ts";
import type { TrainedModel } from "../recommend/trained-model.ts";
import { ValidationDesk } from "./ask-validation.ts";
import { chooseBlend } from "./choose-blend.ts";
import { chooseIals } from "./choose-ials.ts";
import { easeProblem } from "./ease.ts";
import { itemKnn } from "./item-knn.ts";
import { DEFAULT_SETTINGS, DEFAULT_SETTINGS_WITHOUT_EASE, learn, type Settings } from "./learn.ts";
import { takesOf } from "./takes.ts";
import type { TrainingLog } from "./training-log.ts";
import { validationOf } from "./validation.ts";

export interface ChooseOptions {
  /** By item number of the log. */
  readonly content: ItemLists;
  /** Of decayed popularity. */
  readonly halfLifeHours: number;
  /** Rows that EASE may have to invert; null: the model is to do without EASE, as its matrix does not fit. */
  readonly easeMaxRows: number | null;
  /** Users that iALS may learn from. */
  readonly ialsMaxUsers: number;
  /** Neighbours that an item keeps. */
  readonly listLength: number;
  /** False once time is up: what was found by then is taken. */
  readonly mayGoOn: () => boolean;
  readonly onStage: (stage: string) => void;
}

/** NDCG@10 on the validation slice; null where it had too few questions. */
export interface ValidationFigures {
  readonly questions: number;
  readonly session_questions: number;
  readonly ndcg_at_10: number | null;
  readonly session_ndcg_at_10: number | null;
  readonly settings_tried: number;
}

export interface Choice {
  readonly settings: Settings;
  readonly figures: ValidationFigures;
}

/** Tried as long as each is better than the one before; beside the default. */
const LARGER_LAMBDAS = [400, 1_000];
/** Tried when no larger one is better. */
const SMALLER_LAMBDA = 50;
const HALF_LIVES = [2, 3, 5, 10, 25];
/** Each reads all items, since an index for every attempt would cost more. */
const IALS_QUESTIONS = 400;
/** Fewer questions than this choose by chance: the defaults stay. */
const MIN_QUESTIONS = 50;
/** Among which the blends are sought. What trends and what is new would stand still at the cut, and be judged by what came long after. */
export const BLENDED_SOURCES = SOURCE_NAMES.filter((name) => name !== "trending" && name !== "latest");

export function chooseSettings(log: TrainingLog, options: ChooseOptions): Choice {
  const { onStage, easeMaxRows } = options;
  const validation = validationOf(log);
  const desk = new ValidationDesk(log, validation, options.halfLifeHours);
  const questions = desk.count("user");
  const sessionQuestions = desk.count("session");
  let settings = easeMaxRows === null ? DEFAULT_SETTINGS_WITHOUT_EASE : DEFAULT_SETTINGS;
  let tried = 0;
  let ndcg: number | null = null;
  let sessionNdcg: number | null = null;
  const takes = takesOf(validation.fit);
  if (questions >= MIN_QUESTIONS && takes.userItems.length > 0) {
    const problem = easeMaxRows === null ? null : easeProblem(takes, easeMaxRows);
    onStage("sources of the validation");
    let ease = problem?.solve(DEFAULT_SETTINGS.lambda as number) ?? null;
    let factors: ItemFactors | null = null;
    const lists = { content: options.content, item_knn: itemKnn(takes, options.listLength) };
    const base = learn(validation.fit, lists, {}, settings);
    const model = (): TrainedModel => ({
      ...base,
      runId: "validation",
      strategy: "validation",
      lists: { ...base.lists, ...(ease && { ease }) },
      ...(factors && { factors }),
      profileHalfLife: settings.profileHalfLife,
      signalWeights: settings.signalWeights,
      sessions: base.sessions && { ...base.sessions, decay: settings.sessionDecay },
    });
    const alone = (name: SourceName, viewpoint: "user" | "session") => {
      tried++;
      return desk.alone(model(), name, viewpoint);
    };
    if (problem) {
      let best = alone("ease", "user");
      const tryLambda = (lambda: number) => {
        onStage(`EASE with lambda ${lambda}`);
        const kept = { ease, settings };
        ease = problem.solve(lambda);
        settings = { ...settings, lambda };
        const figure = alone("ease", "user");
        if (figure > best) {
          best = figure;
          return true;
        }
        ({ ease, settings } = kept);
        return false;
      };
      const [first = 0, second = 0] = LARGER_LAMBDAS;
      if (tryLambda(first)) tryLambda(second);
      else tryLambda(SMALLER_LAMBDA);
    }
    if (!problem) {
      const chosen = chooseIals(takes, options.ialsMaxUsers, options.mayGoOn, (found, ials) => {
        onStage(`iALS with lambda ${ials.lambda}, unobserved weight ${ials.unobservedWeight}`);
        factors = found;
        tried++;
        return desk.alone(model(), "ials", "user", IALS_QUESTIONS);
      });
      factors = chosen.factors;
      settings = { ...settings, ials: chosen.settings };
    }
    const profileSource = problem
      ? "ease"
      : bestOf(["ials", "item_knn"] as const, (name) => [alone(name, "user"), name]);
    const before = settings;
    settings = bestOf(HALF_LIVES, (profileHalfLife) => {
      onStage(`profile half-life ${profileHalfLife}`);
      settings = { ...before, profileHalfLife };
      return [alone(profileSource, "user"), settings];
    });
    if (hasSeveralSignals(log)) {
      onStage("signals");
      const known = settings;
      settings = bestOf([known.signalWeights, EQUAL_SIGNALS], (signalWeights) => {
        settings = { ...known, signalWeights };
        return [alone(profileSource, "user"), settings];
      });
    }
    if (sessionQuestions >= MIN_QUESTIONS) {
      onStage("session kNN");
      const known = settings;
      // Users' blends count on it as well, so it stands before either is weighed.
      settings = bestOf(SESSION_DECAYS, (sessionDecay) => {
        settings = { ...known, sessionDecay };
        return [alone("session_knn", "session"), settings];
      });
    }
    onStage("blend");
    const found = chooseBlend(desk.blendProblem(model(), BLENDED_SOURCES, "user"), settings.weights);
    tried += found.tried;
    ndcg = found.ndcg;
    settings = { ...settings, weights: found.weights };
    if (sessionQuestions >= MIN_QUESTIONS) {
      onStage("blend of sessions");
      const session = chooseBlend(
        desk.blendProblem(model(), BLENDED_SOURCES, "session"),
        settings.sessionWeights,
      );
      tried += session.tried;
      sessionNdcg = session.ndcg;
      settings = { ...settings, sessionWeights: session.weights };
    }
  }
  return {
    settings,
    figures: {
      questions,
      session_questions: sessionQuestions,
      ndcg_at_10: ndcg,
      session_ndcg_at_10: sessionNdcg,
      settings_tried: tried,
    },
  };
}

const hasSeveralSignals = ({ weights }: TrainingLog): boolean =>
  weights.some((weight) => weight !== weights[0]);

/** What the best value gave; of equally good ones the first. */
function bestOf<V, R>(values: readonly V[], measure: (value: V) => readonly [figure: number, result: R]): R {
  let [best, chosen] = measure(values[0] as V);
  for (const value of values.slice(1)) {
    const [figure, result] = measure(value);
    if (figure > best) [best, chosen] = [figure, result];
  }
  return chosen;
}

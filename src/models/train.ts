/** Trains a model: settings chosen on the last events of the log, sources then learned from all of it. Pure. */

import type { ItemText } from "../recommend/item-text.ts";
import type { TrainedModel } from "../recommend/trained-model.ts";
import { chooseSettings, type ValidationFigures } from "./choose-settings.ts";
import { contentLists } from "./content.ts";
import { type EaseProblem, easeFits, easeProblem } from "./ease.ts";
import { learn, type Settings } from "./learn.ts";
import { takesOf } from "./takes.ts";
import type { TrainingLog } from "./training-log.ts";

export interface TrainOptions {
  readonly runId: string;
  /** Catalogue rows, by item id. */
  readonly texts: ReadonlyMap<string, ItemText>;
  /** Of decayed popularity. */
  readonly halfLifeHours: number;
  /** Rows that EASE may have to invert. */
  readonly easeMaxRows: number;
  /** What is being done now, for who waits. */
  readonly onStage: (stage: string) => void;
}

export interface Trained {
  readonly model: TrainedModel;
  readonly settings: Settings;
  readonly easeForm: EaseProblem["form"] | null;
  readonly validation: ValidationFigures;
}

const STRATEGY = "ease_rules_blend";
/** Where the matrix of EASE does not fit. */
const STRATEGY_WITHOUT_EASE = "knn_rules_blend";

/** The log must hold at least one event. Equal logs and options give equal models. */
export function train(log: TrainingLog, options: TrainOptions): Trained {
  const { runId, texts, easeMaxRows, onStage } = options;
  onStage("content");
  const content = contentLists(log.itemIds.map((itemId) => texts.get(itemId) ?? null));
  const takes = takesOf(log);
  // Decided once, by all events: settings chosen on a part of them must not count on a source that is then absent.
  const fits = easeFits(takes, easeMaxRows);
  const { settings, figures } = chooseSettings(log, {
    ...options,
    content,
    easeMaxRows: fits ? easeMaxRows : null,
  });
  onStage("all events");
  const problem = easeProblem(takes, easeMaxRows);
  const ease = problem && settings.lambda !== null ? problem.solve(settings.lambda) : null;
  const learned = learn(log, takes, content, ease, settings);
  return {
    model: { ...learned, runId, strategy: ease ? STRATEGY : STRATEGY_WITHOUT_EASE },
    settings,
    easeForm: problem?.form ?? null,
    validation: figures,
  };
}

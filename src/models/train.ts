/** Trains a model: settings chosen on the last events of the log, sources then learned from all of it. Pure. */

import type { ItemText } from "../recommend/item-text.ts";
import type { TrainedModel } from "../recommend/trained-model.ts";
import { chooseSettings, type ValidationFigures } from "./choose-settings.ts";
import { contentLists } from "./content.ts";
import { type EaseProblem, easeFits, easeProblem } from "./ease.ts";
import { factoriseTakes } from "./ials.ts";
import type { IalsSettings } from "./ials-rows.ts";
import { indexFactors } from "./item-cells.ts";
import { itemKnn } from "./item-knn.ts";
import { LIST_LENGTH } from "./item-lists-builder.ts";
import { learn, type Settings } from "./learn.ts";
import { type Takes, takesOf } from "./takes.ts";
import type { TrainingLog } from "./training-log.ts";

export interface TrainOptions {
  readonly runId: string;
  /** Catalogue rows, by item id. */
  readonly texts: ReadonlyMap<string, ItemText>;
  /** Of decayed popularity. */
  readonly halfLifeHours: number;
  /** Rows that EASE may have to invert. */
  readonly easeMaxRows: number;
  /** Users that iALS may learn from, where EASE does not fit; all where nothing is said. */
  readonly ialsMaxUsers?: number;
  /** Neighbours that an item keeps in each source; `LIST_LENGTH` where nothing is said. */
  readonly listLength?: number;
  /** False once time is up: iALS then ends with what it has found. It takes its time where nothing is said. */
  readonly mayGoOn?: () => boolean;
  /** What is being done now, for who waits. */
  readonly onStage: (stage: string) => void;
}

export interface Trained {
  readonly model: TrainedModel;
  readonly settings: Settings;
  readonly easeForm: EaseProblem["form"] | null;
  /** How iALS ended, where it stands in for EASE. */
  readonly ials: { readonly sweeps: number; readonly recall: number | null } | null;
  readonly validation: ValidationFigures;
}

const UNLIMITED = {
  ialsMaxUsers: Number.POSITIVE_INFINITY,
  listLength: LIST_LENGTH,
  mayGoOn: () => true,
};
const STRATEGY = "ease_rules_blend";
/** Where the matrix of EASE does not fit. */
const STRATEGY_WITHOUT_EASE = "ials_rules_blend";
const IALS_SWEEPS = 8;
/** Of iALS on all events: about five minutes. */
const MAX_IALS_PRODUCTS = 3e11;

/** The log must hold at least one event. Equal logs and options give equal models. */
export function train(log: TrainingLog, given: TrainOptions): Trained {
  const options = { ...UNLIMITED, ...given };
  const { runId, texts, easeMaxRows, listLength, onStage } = options;
  onStage("content");
  const content = contentLists(
    log.itemIds.map((itemId) => texts.get(itemId) ?? null),
    listLength,
  );
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
  const ials = settings.ials && learnFactors(takes, settings.ials, options);
  const profileModel = { ...(ease && { ease }), ...(ials && { factors: ials.factors }) };
  const knn = itemKnn(takes, listLength);
  const learned = learn(log, { content, item_knn: knn }, profileModel, settings);
  return {
    model: { ...learned, runId, strategy: ease ? STRATEGY : STRATEGY_WITHOUT_EASE },
    settings,
    easeForm: problem?.form ?? null,
    ials: ials && { sweeps: ials.sweeps, recall: ials.recall },
    validation: figures,
  };
}

function learnFactors(
  takes: Takes,
  settings: IalsSettings,
  { ialsMaxUsers, mayGoOn, onStage }: Required<TrainOptions>,
) {
  onStage("iALS");
  const learned = factoriseTakes(takes, settings, {
    sweeps: IALS_SWEEPS,
    maxUsers: ialsMaxUsers,
    maxProducts: MAX_IALS_PRODUCTS,
    mayGoOn,
  });
  onStage("index of the factors");
  return { ...indexFactors(learned), sweeps: learned.sweeps };
}

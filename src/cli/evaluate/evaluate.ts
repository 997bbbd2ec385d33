/** Puts an evaluation together: the split, the models in this process, and the same policies behind the API. */

import { rangeOf } from "../../actors/train-run.ts";
import { AnswerSheet } from "../../evaluation/answer-sheet.ts";
import { askOffline } from "../../evaluation/ask-offline.ts";
import { FrozenFeatures } from "../../evaluation/frozen-features.ts";
import { offlineModels } from "../../evaluation/models.ts";
import { type Protocol, type Split, splitBy } from "../../evaluation/split.ts";
import { Surprise } from "../../evaluation/surprise.ts";
import { trainedModels } from "../../evaluation/trained-models.ts";
import type { IngestPlan } from "../../events/ports.ts";
import { train } from "../../models/train.ts";
import { trainingLogOf } from "../../models/training-log.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import { askPrequential } from "./ask-prequential.ts";
import { askFrozen } from "./ask-through-api.ts";
import type { Input } from "./input.ts";
import { servedPolicies } from "./served-policy.ts";
import { startServedTree } from "./served-tree.ts";

export interface EvaluationOptions {
  readonly protocol: Protocol;
  readonly throughApi: boolean;
  readonly prequential: boolean;
  /** Of decayed popularity. */
  readonly halfLifeHours: number;
  /** Rows that EASE may have to invert. */
  readonly easeMaxRows: number;
  /** What the training does now. */
  readonly onStage: (stage: string) => void;
  readonly signal: AbortSignal;
}

export interface Agreement {
  /** Name of the policy. */
  readonly policy: string;
  /** Questions whose rank was the same behind the API and in this process. */
  readonly equal: number;
}

export interface Evaluated {
  readonly split: Split;
  readonly itemCount: number;
  readonly sheets: readonly AnswerSheet[];
  /** One for each policy that was asked behind the API with frozen rules. */
  readonly agreements: readonly Agreement[];
  /** By the trained policy, inside the training part. */
  readonly settingsTried: number;
}

/** Of the run that is behind the API for the time of the evaluation. */
const RUN_ID = "20000101_000000";

/** Throws CommandError when nothing can be asked, or when a tree does not answer as it should. */
export async function evaluate(
  { interactions, plans, texts }: Input,
  options: EvaluationOptions,
): Promise<Evaluated> {
  const { protocol, throughApi, prequential, halfLifeHours, easeMaxRows, onStage, signal } = options;
  const split = splitBy(protocol, interactions);
  if (split.questions.length === 0) {
    throw new CommandError(
      EXIT_FAILED,
      `protocol ${protocol} finds nobody to ask about in ${interactions.length} events`,
    );
  }
  const features = new FrozenFeatures(split.training, halfLifeHours);
  const surprise = new Surprise(split.training);
  const log = trainingLogOf(split.training);
  const trained = train(log, { runId: RUN_ID, texts, halfLifeHours, easeMaxRows, onStage });
  const models = [...offlineModels(features), ...trainedModels(trained.model, features)];
  const sheets = [...askOffline(split, models, features, surprise)];
  const agreements: Agreement[] = [];
  const training = split.training.map((interaction) => plans.get(interaction) as IngestPlan);
  const served = servedPolicies({ trained, data: { ...rangeOf(log), watermark: "0", leftOut: 0 } });
  for (const policy of throughApi ? served : []) {
    const sheet = new AnswerSheet(`${policy.name}, API`, split.questions, surprise);
    await using tree = await startServedTree({ policy, training, halfLifeHours, signal });
    await askFrozen(tree, split, { http: tree.http, policy, features, sheet, signal });
    agreements.push({
      policy: policy.name,
      equal: equalRanks(
        sheet,
        sheets.find(({ model }) => model === policy.name),
      ),
    });
    sheets.push(sheet);
  }
  for (const policy of prequential ? served : []) {
    const sheet = new AnswerSheet(`${policy.name}, prequential`, split.questions, surprise);
    await using tree = await startServedTree({ policy, training, halfLifeHours, signal });
    await askPrequential(split, { http: tree.http, policy, features, sheet, signal });
    sheets.push(sheet);
  }
  const settingsTried = trained.validation.settings_tried;
  return { split, itemCount: features.itemCount, sheets, agreements, settingsTried };
}

const equalRanks = (served: AnswerSheet, offline: AnswerSheet | undefined) =>
  served.ranks.filter((rank, index) => rank === offline?.ranks[index]).length;

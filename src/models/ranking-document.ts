/** Reads what a policy document says of ranking: `betas`, `session_betas`, and what is wanted of interactions. */

import { SIGNAL_WEIGHT } from "../events/model.ts";
import type { SignalWeights } from "../recommend/profile-weights.ts";
import { SOURCE_NAMES, type SourceName } from "../recommend/ranked-list.ts";
import type { RankingRules } from "../recommend/ranking-rules.ts";
import type { BlendWeights } from "../recommend/trained-model.ts";
import type { DocumentReader, Members } from "./document-reader.ts";

export const RANKING_MEMBERS = [
  "betas",
  "session_betas",
  "profile_half_life",
  "signal_weights",
  "objectives",
] as const;

/** Names of the sources in a policy document. */
const SHORT: Partial<Record<SourceName, string>> = { sequential_rules: "sr", session_knn: "vsknn" };
const shortOf = (name: SourceName): string => SHORT[name] ?? name;

const MAX_OBJECTIVES = 10;
const MAX_WEIGHT = 1_000;
const MAX_HALF_LIFE = 1_000_000;

export const shortened = (weights: BlendWeights) =>
  Object.fromEntries(Object.entries(weights).map(([name, weight]) => [shortOf(name as SourceName), weight]));

/** Nothing where the document leaves ranking to the run. `path`: of the object that the members are in. */
export function readRanking(
  reader: DocumentReader,
  path: string,
  members: Members,
): { readonly ranking?: RankingRules } {
  const weights = readBetas(reader, `${path}.betas`, members["betas"]);
  const sessionWeights = readBetas(reader, `${path}.session_betas`, members["session_betas"]);
  const common = readObjective(reader, path, members);
  const listed = readObjectives(reader, `${path}.objectives`, members["objectives"]);
  const objectives =
    listed?.map((each) => ({ ...common, ...each })) ??
    (Object.keys(common).length > 0 ? [{ weight: 1, ...common }] : undefined);
  const ranking: RankingRules = {
    ...(weights && { weights }),
    ...(sessionWeights && { sessionWeights }),
    ...(objectives && { objectives }),
  };
  return Object.keys(ranking).length > 0 ? { ranking } : {};
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;

function readBetas(reader: DocumentReader, path: string, value: unknown): BlendWeights | null {
  if (isAbsent(value)) return null;
  const known = SOURCE_NAMES.map(shortOf);
  const members = reader.part(path, value, known) ?? {};
  const weights: Partial<Record<SourceName, number>> = {};
  for (const name of SOURCE_NAMES) {
    const given = members[shortOf(name)];
    if (given !== undefined) weights[name] = reader.share(`${path}.${shortOf(name)}`, given, 0);
  }
  if (!Object.values(weights).some((weight) => weight > 0))
    reader.refuse(`${path} must have a number above 0`, null);
  return weights;
}

type ObjectiveRule = NonNullable<RankingRules["objectives"]>[number];

function readObjectives(reader: DocumentReader, path: string, value: unknown): ObjectiveRule[] | undefined {
  if (isAbsent(value)) return undefined;
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_OBJECTIVES) {
    return reader.refuse(`${path} must be a list of 1 to ${MAX_OBJECTIVES} objects`, undefined);
  }
  const known = ["name", "weight", "profile_half_life", "signal_weights"];
  return value.map((each, place) => {
    const own = reader.part(`${path}.${place}`, each, known) ?? {};
    const weight = reader.positive(`${path}.${place}.weight`, own["weight"], 1, MAX_WEIGHT);
    return { weight, ...readObjective(reader, `${path}.${place}`, own) };
  });
}

function readObjective(reader: DocumentReader, path: string, members: Members) {
  const halfLife = members["profile_half_life"];
  const signals = members["signal_weights"];
  return {
    ...(!isAbsent(halfLife) && {
      halfLife: reader.positive(`${path}.profile_half_life`, halfLife, 1, MAX_HALF_LIFE),
    }),
    ...(!isAbsent(signals) && { signalWeights: readSignals(reader, `${path}.signal_weights`, signals) }),
  };
}

function readSignals(reader: DocumentReader, path: string, value: unknown): SignalWeights {
  const members = reader.part(path, value, Object.keys(SIGNAL_WEIGHT)) ?? {};
  const weightOf = (signal: keyof SignalWeights) =>
    reader.positive(`${path}.${signal}`, members[signal], SIGNAL_WEIGHT[signal], MAX_WEIGHT);
  return { view: weightOf("view"), click: weightOf("click"), purchase: weightOf("purchase") };
}

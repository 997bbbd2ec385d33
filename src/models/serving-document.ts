/**
 * Reads what a policy document says of slates: `serving.diversity`, caps, freshness quota, `serving.exploration` and
 * `serving.replay_seen`, what it says of ranking, and which of these a surface has in its own way.
 */

import { err, ok, type Result } from "../core/result.ts";
import { type ExplorationRules, NO_EXPLORATION } from "../recommend/exploration.ts";
import type { ReplaySeen } from "../recommend/returning.ts";
import {
  PLAIN_RULES,
  type PolicyRules,
  type RunRules,
  type ServingRules,
} from "../recommend/serving-rules.ts";
import { NO_SPREAD, type SpreadRules } from "../recommend/spread.ts";
import { DocumentReader, type Members } from "./document-reader.ts";
import { RANKING_MEMBERS, readRanking } from "./ranking-document.ts";

/** What counts where the document opens `diversity`, `exploration` or `replay_seen` and leaves a member out. */
const DEFAULT_LAMBDA = 0.85;
const DEFAULT_EXPLORATION: ExplorationRules = { epsilon: 0.05, fromPosition: 3, poolSize: 200 };
const DEFAULT_FRESHNESS_DAYS = 30;
const DEFAULT_REPLAY_HOURS = 168;

/** What training writes; docs/adr/0016 has what it costs and gives. */
export const TRAINED_SERVING = {
  exploration: {
    epsilon: DEFAULT_EXPLORATION.epsilon,
    from_position: DEFAULT_EXPLORATION.fromPosition,
    pool_size: DEFAULT_EXPLORATION.poolSize,
  },
  diversity: { lambda: DEFAULT_LAMBDA },
  max_per_author: 0,
  max_per_category: 0,
  freshness_quota: 0,
  freshness_days: DEFAULT_FRESHNESS_DAYS,
} as const;

const MAX_POOL_SIZE = 1_000;
const MAX_DAYS = 36_500;
const MS_PER_HOUR = 3_600_000;

/** Members that a surface may have in place of those of `serving`. */
const SURFACE_MEMBERS = [
  "diversity",
  "max_per_author",
  "max_per_category",
  "freshness_quota",
  "freshness_days",
  "exploration",
  "replay_seen",
  ...RANKING_MEMBERS,
];
const MAX_SURFACES = 100;
/** What a request can name. */
const SURFACE_NAME = /^[A-Za-z0-9._:-]{1,64}$/;

/**
 * `serving` as the document has it. A rule that it does not name is off, members that belong to others are passed over;
 * the error names the member and what it must be.
 */
export function readServingRules(serving: unknown): Result<RunRules, string> {
  if (serving === undefined) return ok({ rules: PLAIN_RULES, surfaces: new Map() });
  const reader = new DocumentReader();
  const whole = reader.object("serving", serving);
  const common = readPolicy(reader, "serving", whole);
  const surfaces = reader.object("serving.surfaces", whole["surfaces"] ?? {});
  const named = Object.keys(surfaces).map((name): [string, PolicyRules] => {
    const path = `serving.surfaces.${name}`;
    if (!SURFACE_NAME.test(name)) reader.refuse(`${path} is no name of a surface`, null);
    const own = reader.part(path, surfaces[name], SURFACE_MEMBERS) ?? {};
    return [name, readPolicy(reader, path, { ...whole, ...own })];
  });
  if (named.length > MAX_SURFACES) {
    reader.refuse(`serving.surfaces must have at most ${MAX_SURFACES} members`, null);
  }
  return reader.problem === null ? ok({ ...common, surfaces: new Map(named) }) : err(reader.problem);
}

/** `path`: of the object that the members are in. */
const readPolicy = (reader: DocumentReader, path: string, members: Members): PolicyRules => ({
  rules: readRules(reader, path, members),
  ...readRanking(reader, path, members),
});

function readRules(reader: DocumentReader, path: string, members: Members): ServingRules {
  const part = (name: string, known: readonly string[]) =>
    reader.part(`${path}.${name}`, members[name], known);
  const count = (name: string) =>
    reader.whole(`${path}.${name}`, members[name], 0, 0, Number.MAX_SAFE_INTEGER);
  const days = members["freshness_days"];
  const diversity = part("diversity", ["lambda"]);
  const exploration = part("exploration", ["epsilon", "from_position", "pool_size"]);
  const replaySeen = part("replay_seen", ["half_life_hours"]);
  const spread: SpreadRules = {
    maxPerAuthor: count("max_per_author"),
    maxPerCategory: count("max_per_category"),
    freshnessQuota: reader.share(`${path}.freshness_quota`, members["freshness_quota"], 0),
    freshDays: reader.whole(`${path}.freshness_days`, days, DEFAULT_FRESHNESS_DAYS, 1, MAX_DAYS),
    diversityLambda: diversity
      ? reader.share(`${path}.diversity.lambda`, diversity["lambda"], DEFAULT_LAMBDA)
      : NO_SPREAD.diversityLambda,
  };
  return {
    spread,
    exploration: exploration ? readExploration(reader, `${path}.exploration`, exploration) : NO_EXPLORATION,
    replaySeen: replaySeen && readReplaySeen(reader, `${path}.replay_seen`, replaySeen),
  };
}

function readExploration(reader: DocumentReader, path: string, members: Members): ExplorationRules {
  const { epsilon, fromPosition, poolSize } = DEFAULT_EXPLORATION;
  const from = members["from_position"];
  return {
    epsilon: reader.share(`${path}.epsilon`, members["epsilon"], epsilon),
    fromPosition: reader.whole(`${path}.from_position`, from, fromPosition, 0, Number.MAX_SAFE_INTEGER),
    poolSize: reader.whole(`${path}.pool_size`, members["pool_size"], poolSize, 1, MAX_POOL_SIZE),
  };
}

function readReplaySeen(reader: DocumentReader, path: string, members: Members): ReplaySeen {
  const given = members["half_life_hours"];
  const hours = reader.whole(`${path}.half_life_hours`, given, DEFAULT_REPLAY_HOURS, 1, MAX_DAYS * 24);
  return { halfLifeMs: hours * MS_PER_HOUR };
}

/** Reads the calls of the catalogue routes. */

import type { ItemId, UserId } from "../core/ids.ts";
import { err, ok, type Result } from "../core/result.ts";
import { intField, literalField } from "../events/field.ts";
import type { Issue } from "../events/issue.ts";
import { TIMEFRAMES, type Timeframe } from "../recommend/catalogue/ports.ts";
import { pathReader } from "./path-parameters.ts";
import { eachParameter, QueryReader } from "./query.ts";
import { itemIdField, userIdField } from "./reco-query.ts";
import { type RequestContext, readContext } from "./request-context.ts";
import type { Call } from "./route.ts";

export const SIMILAR_PATH = "/similar/:dataset_id";
export const DETAIL_PATH = "/recommend/detail/:dataset_id";
export const RECALL_DEFAULT_LIMIT = 10;
export const TRENDING_DEFAULT_LIMIT = 20;
export const DEFAULT_TIMEFRAME: Timeframe = "1h";
export const recallLimitField = intField({ min: 1, max: 50 });
export const trendingLimitField = intField({ min: 1, max: 100 });
export const timeframeField = literalField(...TIMEFRAMES);

export interface RecallQuery {
  readonly itemId: ItemId;
  readonly userId: UserId | null;
  readonly limit: number;
  readonly context: RequestContext;
}

type Given = Record<string, string | null | undefined>;

const readSimilarPath = pathReader<{ dataset_id: ItemId }>(SIMILAR_PATH, { dataset_id: itemIdField });
const readDetailPath = pathReader<{ dataset_id: ItemId }>(DETAIL_PATH, { dataset_id: itemIdField });

export const parseSimilar = (call: Call) => parse(call, readSimilarPath, false);
export const parseDetail = (call: Call) => parse(call, readDetailPath, true);

function parse(
  { request, query }: Call,
  readPath: typeof readSimilarPath,
  takesUser: boolean,
): Result<RecallQuery, readonly Issue[]> {
  const path = readPath(request.url);
  const given = parametersOf(query);
  const reader = new QueryReader();
  const limit = reader.optional("limit", given.limit, recallLimitField) ?? RECALL_DEFAULT_LIMIT;
  const userId = (takesUser ? reader.optional("user_id", given.user_id, userIdField) : undefined) ?? null;
  if (!path.ok) return err([...path.error, ...reader.issues]);
  if (reader.issues.length > 0) return err(reader.issues);
  const context = readContext(request.headers, given.source ?? null);
  return ok({ itemId: path.value.dataset_id, userId, limit, context });
}

export function parseTrending({
  query,
}: Call): Result<{ readonly limit: number; readonly timeframe: Timeframe }, readonly Issue[]> {
  const given = parametersOf(query);
  const reader = new QueryReader();
  const limit = reader.optional("limit", given.limit, trendingLimitField) ?? TRENDING_DEFAULT_LIMIT;
  const timeframe = reader.optional("timeframe", given.timeframe, timeframeField) ?? DEFAULT_TIMEFRAME;
  return reader.issues.length > 0 ? err(reader.issues) : ok({ limit, timeframe });
}

const NAMES = ["limit", "user_id", "source", "timeframe"] as const;

function parametersOf(query: string): Partial<Record<(typeof NAMES)[number], string | null>> {
  const given: Given = {};
  eachParameter(query, (name, value) => {
    if (NAMES.some((known) => known === name)) given[name] = value;
  });
  return given as Partial<Record<(typeof NAMES)[number], string | null>>;
}

/** Asks a serving tree the questions of an evaluation, as any client would: GET /reco. */

import type { AnswerSheet } from "../../evaluation/answer-sheet.ts";
import type { FrozenFeatures } from "../../evaluation/frozen-features.ts";
import { decisiveLength, type ScoredList } from "../../evaluation/mean-rank.ts";
import { SHOWN } from "../../evaluation/metrics.ts";
import { LIST_LENGTH } from "../../evaluation/models.ts";
import { CommandError, EXIT_FAILED } from "../exit-codes.ts";
import type { LocalHttp } from "./local-http.ts";
import { patiently } from "./patience.ts";
import type { ServedPolicy } from "./served-policy.ts";

/** What `exclude` takes at most. */
const MAX_EXCLUDED = 500;
const MAX_QUERY_CHARACTERS = 8_000;

interface RecoBody {
  readonly model_version: string;
  readonly details: {
    readonly degraded: string | null;
    readonly items: readonly { readonly item_id: string; readonly score: number }[];
  };
}

export interface ServedAsking {
  readonly http: LocalHttp;
  readonly policy: ServedPolicy;
  readonly features: FrozenFeatures;
  readonly sheet: AnswerSheet;
  readonly signal: AbortSignal;
}

/** Asks question `index` about a user who took `itemIds`, oldest first. Throws when the answer is not the policy's own. */
export async function askServed(
  { http, policy, features, sheet, signal }: ServedAsking,
  index: number,
  userId: string,
  itemIds: readonly string[],
): Promise<void> {
  const excluded = exclusions(itemIds, policy.knownAsSeen, features);
  const query = `user_id=${encodeURIComponent(userId)}&session_id=evaluation&k=${LIST_LENGTH}&details=true&x_autolog_impressions=false`;
  await patiently(signal, async () => {
    const { status, body } = await http.get(`/reco?${query}${excluded}`);
    if (status !== 200) return `/reco answered ${status}: ${body.slice(0, 500)}`;
    const answer = JSON.parse(body) as RecoBody;
    const { degraded, items } = answer.details;
    if (answer.model_version !== policy.modelVersion || degraded !== null) {
      return `/reco answered as ${answer.model_version}, degraded: ${degraded}`;
    }
    sheet.note(index, unseen(items, itemIds));
    return null;
  });
}

/**
 * The items that the policy does not know as seen, as far as `exclude` takes them: the most popular first, which are
 * the ones that it would show. An id with a comma in it cannot be told.
 */
function exclusions(
  itemIds: readonly string[],
  known: number,
  { table, popularity }: FrozenFeatures,
): string {
  const newest = new Set(itemIds.slice(-known));
  const rankOf = (itemId: string) => popularity.rankOf(table.slotOf(itemId));
  const unknown = [...new Set(itemIds.slice(0, -known))]
    .filter((itemId) => !newest.has(itemId) && !itemId.includes(",") && rankOf(itemId) >= 0)
    .sort((a, b) => rankOf(a) - rankOf(b));
  let query = "";
  for (const itemId of unknown.slice(0, MAX_EXCLUDED)) {
    const longer = `${query}${query === "" ? "&exclude=" : ","}${encodeURIComponent(itemId)}`;
    if (longer.length > MAX_QUERY_CHARACTERS) break;
    query = longer;
  }
  return query;
}

/** Seen items that could not be excluded are left out here; what is left must still decide the ranks that count. */
function unseen(items: RecoBody["details"]["items"], itemIds: readonly string[]): ScoredList {
  const seen = new Set(itemIds);
  const left = items.filter(({ item_id }) => !seen.has(item_id));
  if (items.length === LIST_LENGTH && left.length < decisiveLength(SHOWN)) {
    throw new CommandError(
      EXIT_FAILED,
      "a user has seen too many items for the API's list to decide the ranks",
    );
  }
  return { itemIds: left.map(({ item_id }) => item_id), scores: left.map(({ score }) => score) };
}

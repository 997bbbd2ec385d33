/** The baseline policy `rules-v1`: GET /reco while it is the default, and GET /recommend always. */

import type { Clock } from "../core/clock.ts";
import { chain, type MaybePromise } from "../core/maybe-promise.ts";
import { HISTORY_LIMIT } from "./baseline-state.ts";
import { mergeHistory, overlayOf } from "./overlay.ts";
import type { Depth, Policy } from "./policy.ts";
import type { RankedList } from "./ranked-list.ts";
import type { RecoRequest } from "./recommender.ts";
import { inTable } from "./related-list.ts";
import type { RequestReads } from "./request-reads.ts";
import { RetrievalScratch, SOURCE_DEPTH } from "./retrieval.ts";
import { type RulesInput, retrievalLimit, rulesV1 } from "./rules-v1.ts";
import { PLAIN_RULES } from "./serving-rules.ts";
import type { ServingState } from "./serving-state.ts";
import { withHistory } from "./slates/with-basis.ts";
import { successors } from "./successors.ts";
import { viewersOf } from "./viewer.ts";

const WIDER = 5;
/** 200 successors and 500 popular items. */
const SUCCESSORS_AND_POPULAR = 700;
const LABELS = {
  label: { name: "builtin:rules-v1", variant: "primary" },
  modelVersion: "rules-v1",
  strategy: "co_vis_popularity_hybrid",
} as const;

/** GET /reco. */
export function rulesPolicy(state: ServingState, clock: Clock): Policy {
  const scratch = new RetrievalScratch();
  const nowMs = () => clock.monotonicMs();
  const { overlay, rankedLists } = state;
  return {
    ...LABELS,
    boosts: false,
    rules: PLAIN_RULES,
    rank: (asked, reads, depth) =>
      chain(readUser(state, asked, reads), ({ stored, request, hidden }) => {
        // Without a history the list is popularity alone, which is to be fresh.
        const isKept =
          depth === "slate" &&
          stored &&
          stored.length > 0 &&
          request.exclude.size === 0 &&
          overlayOf(overlay, request.userId, request.sessionEvents).length === 0;
        const madeFor = { k: request.k, rows: request.k };
        const kept = isKept ? rankedLists.find(stored, madeFor, request.isStored) : null;
        if (kept !== null) return { list: kept, rankingMs: 0 };
        return chain(gather(state, stored, SOURCE_DEPTH, request, reads), (input) => {
          if (input === null) return null;
          const { isStored = false } = request;
          const ranked = rulesV1({ ...input, ...breadthOf(request, depth), isStored }, scratch, nowMs);
          const list = withHistory(ranked.list, input.history, hidden);
          if (isKept && reads.cause === null) rankedLists.keep(stored, madeFor, list);
          return { ...ranked, list };
        });
      }),
    popular: (request, depth) => popular(state, request, depth),
  };
}

/** GET /recommend: the successors of the newest history item, then popular items. */
export function successorsPolicy(state: ServingState): Policy {
  return {
    ...LABELS,
    boosts: false,
    rules: PLAIN_RULES,
    rank: (asked, reads, depth) =>
      chain(readUser(state, asked, reads), ({ stored, request }) =>
        chain(
          gather(state, stored, 1, request, reads),
          (input) => input && { list: successors({ ...input, k: lengthOf(request, depth) }), rankingMs: 0 },
        ),
      ),
    popular: (request, depth) => popular(state, request, depth),
  };
}

type Histories = ServingState["baseline"]["histories"];
type History = NonNullable<ReturnType<Histories["stale"]>>;

/** Retrieval is as broad as for a slate, and all of it is ranked; or several times as broad. */
function breadthOf({ k }: RecoRequest, depth: Depth): { readonly k: number; readonly limit: number } {
  const limit = retrievalLimit(k) * (depth === "wide" ? WIDER : 1);
  return { k: depth === "slate" ? k : limit, limit };
}

/** Of the list of GET /recommend and of the popular list. */
const lengthOf = ({ k }: RecoRequest, depth: Depth): number =>
  depth === "slate" ? k : depth === "candidates" ? SUCCESSORS_AND_POPULAR : WIDER * SUCCESSORS_AND_POPULAR;

export function readUser(
  { baseline, visibility }: ServingState,
  request: RecoRequest,
  reads: RequestReads,
): MaybePromise<{
  readonly stored: History | undefined;
  /** Without what the user hides. */
  readonly request: RecoRequest;
  readonly hidden: readonly string[];
}> {
  const read = reads.pair(baseline.histories, visibility.ofUsers, request.userId, "feature_fetch");
  return chain(read, ([stored, hidden = []]) => ({
    stored,
    request: visibility.wanted(request, hidden),
    hidden,
  }));
}

/** What a list is made from; null while the popular list is unknown, or when there is nothing at all. */
function gather(
  { baseline, overlay, visibility }: ServingState,
  stored: History | undefined,
  depth: number,
  request: RecoRequest,
  reads: RequestReads,
): MaybePromise<(RulesInput & { readonly history: History }) | null> {
  const shown = overlayOf(overlay, request.userId, request.sessionEvents);
  const history = mergeHistory(stored ?? [], shown, HISTORY_LIMIT);
  const newestFirst = history
    .slice(-depth)
    .map(({ itemId }) => itemId)
    .reverse();
  const { popularity } = baseline;
  return chain(reads.values(baseline.related, newestFirst, "database_query"), (related) =>
    chain(reads.knows(popularity), (isKnown) => {
      if (!isKnown) return null;
      const index = popularity.current();
      const sources = related.map((list) => (list ? inTable(list, index.table) : null));
      if (index.size === 0 && sources.every((list) => !list || list.slots.length === 0)) return null;
      const unwanted = [...history.map(({ itemId }) => itemId), ...request.exclude];
      const hidden = visibility.items.inTable(index.table);
      return { index, sources, unwanted, hidden, k: request.k, history };
    }),
  );
}

/** The popular list of whichever policy serves: that of the baseline may never have been read. */
function popular(state: ServingState, asked: RecoRequest, depth: Depth): RankedList {
  const { baseline, overlay, visibility } = state;
  const ownHidden = visibility.knownOf(viewersOf(asked));
  const request = visibility.wanted(asked, ownHidden);
  const stored = baseline.histories.stale(request.userId) ?? [];
  const shown = overlayOf(overlay, request.userId, request.sessionEvents);
  const history = mergeHistory(stored, shown, HISTORY_LIMIT);
  const unwanted = [...history.map(({ itemId }) => itemId), ...request.exclude];
  const index = state.popularity.current();
  const hidden = visibility.items.inTable(index.table);
  const { isStored = false } = request;
  return withHistory(
    successors({ index, sources: [], unwanted, hidden, k: lengthOf(request, depth), isStored }),
    history,
    ownHidden,
  );
}

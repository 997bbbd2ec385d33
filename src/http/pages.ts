/** Pages of GET /reco: keeps ranked lists where every worker finds them, and continues those that a cursor names. */

import { createHash } from "node:crypto";
import type { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import { err, ok, type Result } from "../core/result.ts";
import { type Issue, under, valueError } from "../events/issue.ts";
import type { KeptList } from "../recommend/ports.ts";
import type { RecoAnswer, RecoRequest } from "../recommend/recommender.ts";
import { type PageCursor, pageCursor } from "./page-cursor.ts";
import type { RecoQuery } from "./reco-query.ts";
import type { HttpServices } from "./services.ts";

/** An answer, and the cursor of what follows it; null at the end, and where nobody asked. */
export interface Slated {
  readonly answer: RecoAnswer;
  readonly cursor: string | null;
}

/** Of a deadline of 250 ms: a slate must not be late for what comes after it. */
const STORE_SHARE = 60 / 250;
const ID_BYTES = 16;

export class Pages {
  readonly #services: Pick<HttpServices, "pagedLists" | "recommender" | "random" | "log">;

  constructor(services: Pick<HttpServices, "pagedLists" | "recommender" | "random" | "log">) {
    this.#services = services;
  }

  /** The first page, whose list is kept for those that follow. Where it cannot be kept, none do. Never rejects. */
  async begin(answer: RecoAnswer, query: RecoQuery, deadline: Deadline): Promise<Slated> {
    const { pagedLists, random, log } = this.#services;
    const { page } = answer;
    if (page === null || deadline.expired) return { answer, cursor: null };
    const listId = Buffer.from(random.bytes(ID_BYTES)).toString("hex");
    try {
      const kept = { owner: ownerOf(query), paged: page.paged };
      await pagedLists.keep(listId, kept, share(deadline));
      return { answer, cursor: pageCursor({ listId, shown: page.shown }) };
    } catch (error) {
      log.debug({ error_message: asError(error).message }, "pages.not_kept");
      return { answer, cursor: null };
    }
  }

  /** A later page; an empty one under the same cursor while the list cannot be read. Never rejects. */
  async next(
    cursor: PageCursor,
    query: RecoQuery,
    request: RecoRequest,
    deadline: Deadline,
  ): Promise<Result<Slated, readonly Issue[]>> {
    const { pagedLists, recommender, log } = this.#services;
    let kept: KeptList | null;
    try {
      kept = await pagedLists.find(cursor.listId, share(deadline));
    } catch (error) {
      log.debug({ error_message: asError(error).message }, "pages.not_read");
      return ok({ answer: await recommender.nextPage(null, request, deadline), cursor: pageCursor(cursor) });
    }
    if (kept === null) return err(refused("is older than five minutes, or no cursor of an answer", cursor));
    if (kept.owner !== ownerOf(query)) {
      return err(
        refused("belongs to another user_id, session_id, filter or boost than this call names", cursor),
      );
    }
    const page = { paged: kept.paged, shown: cursor.shown };
    const answer = await recommender.nextPage(page, request, deadline);
    const { listId } = cursor;
    return ok({ answer, cursor: answer.page && pageCursor({ listId, shown: answer.page.shown }) });
  }
}

const share = (deadline: Deadline): Deadline => deadline.capped(STORE_SHARE * deadline.budgetMs);

const refused = (problem: string, cursor: PageCursor): readonly Issue[] =>
  under(["query", "cursor"], [valueError(problem, pageCursor(cursor))]);

/** A digest, so that no user's id lies in the store for it. */
function ownerOf({ userId, sessionId, filter, boost }: RecoQuery): string {
  const parts = [userId, sessionId, filter?.text ?? null, boost?.text ?? null];
  return createHash("sha256").update(JSON.stringify(parts), "utf8").digest("hex");
}

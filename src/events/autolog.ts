/** Makes the impression that the server logs for a slate it answered. */

import { createHash } from "node:crypto";
import type { EventId, ItemId, RequestId, SessionId, UserId } from "../core/ids.ts";
import { CONTEXT_MAX_CHARACTERS } from "./log-shapes.ts";
import type { ImpressionEvent } from "./model.ts";

export interface AnsweredSlate {
  readonly requestId: RequestId;
  readonly userId: UserId;
  readonly sessionId: SessionId;
  /** Item ids in the order shown; never empty. */
  readonly items: readonly string[];
  readonly nowMs: number;
  /** The request's `User-Agent`, of any length. */
  readonly userAgent: string | null;
}

/** The id depends on request, user and session alone: a retry of the request logs nothing twice. */
export function autologImpression(slate: AnsweredSlate): ImpressionEvent {
  return {
    kind: "impression",
    eventId: autologId(slate),
    userId: slate.userId,
    sessionId: slate.sessionId,
    requestId: slate.requestId,
    tsMs: slate.nowMs,
    serverReceivedTsMs: slate.nowMs,
    context: slate.userAgent === null ? null : { user_agent: storableText(slate.userAgent) },
    items: slate.items.map((itemId, position) => ({
      itemId: itemId as ItemId,
      position,
      feedId: null,
      slot: null,
    })),
  };
}

function autologId({ requestId, userId, sessionId }: AnsweredSlate): EventId {
  const identity = [requestId, userId, sessionId].join("\u001f");
  const hex = createHash("sha256").update(identity, "utf8").digest("hex");
  return `imp-${hex.slice(0, 40)}` as EventId;
}

/** Cut, and made storable: a bad header must not cost the impression. */
const storableText = (text: string) =>
  text.slice(0, CONTEXT_MAX_CHARACTERS).toWellFormed().replaceAll("\0", "\ufffd");

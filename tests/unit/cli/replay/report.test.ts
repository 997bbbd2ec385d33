/** The shapes that scripts read. */

import { expect, test } from "bun:test";
import type { LetterOutcome, Outcome } from "../../../../src/cli/replay/replay-letters.ts";
import { deadLetterReport, outboxReport } from "../../../../src/cli/replay/report.ts";

const snapshot = { pending: 1, replayed: 2, maxRetryCount: 5, oldestPendingMs: 12.6 };

const aLetter = (id: bigint, outcome: Outcome): LetterOutcome => ({
  letter: {
    id,
    record: {
      topic: "watches",
      topicId: "t-1",
      partition: 3,
      offset: 40n + id,
      key: null,
      value: null,
      headers: {},
      timestampMs: 0,
    },
    status: "pending",
    generation: 0,
    wasApplied: false,
  },
  outcome,
});

test("a replay of dead letters counts duplicates as replayed, and tells each row", () => {
  const report = deadLetterReport({
    dryRun: false,
    filter: { statuses: ["pending"], topic: null, limit: 100 },
    outcomes: [
      aLetter(1n, { kind: "processed", streamEventId: "watch-1" }),
      aLetter(2n, { kind: "duplicate", streamEventId: "watch-2" }),
      aLetter(3n, { kind: "failed", error: "not JSON" }),
      aLetter(4n, { kind: "unmarked", error: "no answer" }),
    ],
    snapshot,
  });

  const place = { topic: "watches", partition: 3 };
  expect(JSON.parse(JSON.stringify(report))).toEqual({
    dry_run: false,
    selected: 4,
    replayed: 2,
    replay_duplicates: 1,
    replay_failed: 1,
    mark_failures: 1,
    status_filter: ["pending"],
    topic_filter: null,
    dlq_snapshot: { pending: 1, replayed: 2, max_retry_count: 5, oldest_pending_ms: 13 },
    details: [
      { id: 1, ...place, offset: 41, status: "processed", stream_event_id: "watch-1" },
      { id: 2, ...place, offset: 42, status: "duplicate", stream_event_id: "watch-2" },
      { id: 3, ...place, offset: 43, status: "failed", error: "not JSON" },
      { id: 4, ...place, offset: 44, status: "failed", error: "no answer" },
    ],
  });
});

test("a dry run has candidates alone, and says which of them would fail", () => {
  const report = deadLetterReport({
    dryRun: true,
    filter: { statuses: ["pending", "replayed"], topic: "watches", limit: 100 },
    outcomes: [
      aLetter(1n, { kind: "candidate", streamEventId: "watch-1" }),
      aLetter(2n, { kind: "invalid", error: "not JSON" }),
    ],
    snapshot,
  });

  expect(report).toMatchObject({ selected: 2, replayed: 0, replay_failed: 0, mark_failures: 0 });
  expect(report.details.map(({ status }) => status)).toEqual(["candidate", "candidate"]);
});

test("a replay of the outbox has its ids and what is left", () => {
  const filter = { status: "all", topic: "watches", sinceMs: null, untilMs: null, limit: 10 } as const;
  const outbox = { pending: 2, publishing: 0, published: 7, dead: 1, oldestLagMs: 3.4 };

  expect(outboxReport(filter, { dryRun: false, ids: [4n, 9n], snapshot: outbox })).toEqual({
    dry_run: false,
    selected: 2,
    requeued: 2,
    status_filter: ["dead", "published"],
    topic_filter: "watches",
    outbox_snapshot: { pending: 2, publishing: 0, published: 7, dead: 1, oldest_lag_ms: 3 },
    ids: [4, 9],
  });
  expect(outboxReport(filter, { dryRun: true, ids: [4n], snapshot: outbox })).toMatchObject({
    selected: 1,
    requeued: 0,
  });
});

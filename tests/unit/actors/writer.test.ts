/** How impressions share commits, and what is counted of each. */

import { describe, expect, test } from "bun:test";
import { ImpressionWriter } from "../../../src/actors/writer.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../../src/core/errors.ts";
import type { IngestOutcome, IngestPlan } from "../../../src/events/ports.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { type LogLine, recordingLog, testConfig } from "../../support/fakes/http-services.ts";
import { manualClock, settled } from "../../support/manual-clock.ts";
import { anImpressionEvent } from "../../support/plans.ts";

type Answer = (plans: readonly IngestPlan[]) => readonly IngestOutcome[];

const NOTHING = { userIds: [], itemIds: [], relatedItemIds: [], ruleItemIds: [], eventIds: [] };
const allAccepted: Answer = (plans) => plans.map(() => "accepted");

/** A writer on a store that answers 10 ms later. */
function aWriter(answer: Answer = allAccepted) {
  const clock = manualClock();
  const metrics = createMetrics();
  const lines: LogLine[] = [];
  const commits: string[][] = [];
  const woken: number[] = [];
  const writer = new ImpressionWriter({
    config: testConfig({ ingest: { maxEventBytes: 2_000 } }),
    clock,
    metrics,
    log: recordingLog(lines),
    onOutbox: () => void woken.push(commits.length),
    store: {
      async accept(plans) {
        commits.push(plans.map(({ event }) => event.eventId));
        await clock.sleep(10);
        return { outcomes: answer(plans), changed: NOTHING };
      },
    },
  });
  const write = (eventId: string, budgetMs = 1_000, context: Record<string, string> | null = null) =>
    writer.write(anImpressionEvent({ eventId, context }), Deadline.after(budgetMs, clock));
  const outcomes = () =>
    Object.fromEntries(
      metrics
        .snapshot()
        .series.filter(({ name }) => name === "reco_impression_log_total")
        .map(({ labels, values }) => [labels["outcome"], values[0]]),
    );
  return { writer, clock, lines, commits, woken, write, outcomes };
}

describe("impression writer", () => {
  test("puts what comes during a commit into the next one", async () => {
    const { clock, commits, write, outcomes } = aWriter();
    const writes: Promise<void>[] = [];
    for (const together of [["a"], ["b"], ["c", "d", "e"]]) {
      writes.push(...together.map((id) => write(id)));
      await settled();
    }
    expect(commits).toEqual([["a"], ["b"]]);
    await clock.advance(20);
    await Promise.all(writes);
    expect(commits).toEqual([["a"], ["b"], ["c", "d", "e"]]);
    expect(outcomes()).toEqual({ logged: 5 });
  });

  test("commits at most 100 together", async () => {
    const { clock, commits, write } = aWriter();
    const writes = Array.from({ length: 203 }, (_, index) => write(`imp-${index}`));
    await clock.advance(30);
    await Promise.all(writes);
    expect(commits.map(({ length }) => length)).toEqual([100, 100, 3]);
  });

  test("counts a repeat and another slate under a known id apart", async () => {
    const { clock, write, outcomes } = aWriter(() => ["duplicate"]);
    void write("a");
    await clock.advance(10);
    expect(outcomes()).toEqual({ duplicate: 1 });
    const conflicting = aWriter(() => ["conflict"]);
    void conflicting.write("a");
    await conflicting.clock.advance(10);
    expect(conflicting.outcomes()).toEqual({ conflict: 1 });
  });

  test("wakes the relay after a commit of outbox rows only", async () => {
    const known: Answer = (plans) =>
      plans.map(({ event }) => (event.eventId === "known" ? "duplicate" : "accepted"));
    const { clock, woken, write } = aWriter(known);
    void write("known");
    await clock.advance(10);
    expect(woken).toEqual([]);
    void write("new");
    await clock.advance(10);
    expect(woken).toEqual([2]);
  });

  test("the same slate made at another time and by another client is no conflict", async () => {
    const clock = manualClock();
    const hashes: string[] = [];
    const writer = new ImpressionWriter({
      config: testConfig(),
      clock,
      metrics: createMetrics(),
      log: recordingLog([]),
      onOutbox: () => {},
      store: {
        async accept(plans) {
          hashes.push(...plans.map(({ bodyHash }) => Buffer.from(bodyHash).toString("hex")));
          return { outcomes: allAccepted(plans), changed: NOTHING };
        },
      },
    });
    const deadline = Deadline.after(1_000, clock);
    await writer.write(anImpressionEvent(), deadline);
    await writer.write(
      anImpressionEvent({ tsMs: 1, serverReceivedTsMs: 2, context: { user_agent: "other" } }),
      deadline,
    );
    expect([hashes.length, new Set(hashes).size]).toEqual([2, 1]);
  });

  test("a failed commit fails each of its impressions once, with a warning each", async () => {
    const { clock, lines, write, outcomes } = aWriter(() => {
      throw new StoreUnavailableError("connect", "no store");
    });
    void write("a");
    void write("b");
    await clock.advance(10);
    expect(outcomes()).toEqual({ failed: 2 });
    expect(lines).toMatchObject([
      { level: "warn", event: "impression.failed", fields: { error: "no store", request_id: "req-0001" } },
      { level: "warn", event: "impression.failed" },
    ]);
  });

  test("one bad impression does not cost the others of its group", async () => {
    const { clock, write, outcomes } = aWriter((plans) => {
      if (plans.some(({ event }) => event.eventId === "bad")) throw new StoreDataError("22P05", "bad text");
      return allAccepted(plans);
    });
    for (const id of ["first", "second", "good", "bad", "fine"]) void write(id);
    await clock.advance(100);
    expect(outcomes()).toEqual({ logged: 4, failed: 1 });
  });

  test("gives up on an impression at its deadline, and counts it once", async () => {
    const { clock, write, outcomes } = aWriter();
    let ended = false;
    void write("a", 5).then(() => {
      ended = true;
    });
    await clock.advance(4);
    expect(ended).toBe(false);
    await clock.advance(1);
    expect({ ended, outcomes: outcomes() }).toEqual({ ended: true, outcomes: { failed: 1 } });
    await clock.advance(10);
    expect(outcomes()).toEqual({ failed: 1 });
  });

  test("says which impression is too large for the event log", async () => {
    const { lines, write, commits, outcomes } = aWriter();
    await write("a", 1_000, { user_agent: "x".repeat(2_000) });
    expect({ commits, outcomes: outcomes() }).toEqual({ commits: [], outcomes: { failed: 1 } });
    expect(lines).toMatchObject([
      { event: "impression.failed", fields: { error: "too_large", request_id: "req-0001" } },
    ]);
  });

  test("closes when all it accepted is settled", async () => {
    const { writer, clock, write, outcomes } = aWriter();
    for (const id of ["a", "b", "c"]) {
      void write(id);
      await settled();
    }
    let closed = false;
    void writer[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    await clock.advance(10);
    expect(closed).toBe(false);
    await clock.advance(10);
    await settled();
    expect({ closed, outcomes: outcomes() }).toEqual({ closed: true, outcomes: { logged: 3 } });
  });
});

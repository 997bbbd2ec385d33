/** What ingest commits together, whom it tells of it, and when. */

import { describe, expect, test } from "bun:test";
import { createIngestService } from "../../../src/actors/http-ingest.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { StoreDataError } from "../../../src/core/errors.ts";
import type { AnyEvent, Interaction } from "../../../src/events/model.ts";
import type { FeatureChange, IngestOutcome, IngestPlan, IngestResult } from "../../../src/events/ports.ts";
import { manualClock, settled } from "../../support/manual-clock.ts";
import { aDirectEvent, anImpressionEvent, aWatchEvent, planOf } from "../../support/plans.ts";

const NOTHING: FeatureChange = {
  userIds: [],
  itemIds: [],
  relatedItemIds: [],
  ruleItemIds: [],
  eventIds: [],
};
const CHANGED: FeatureChange = {
  userIds: ["u-1"],
  itemIds: ["i-1"],
  relatedItemIds: [],
  ruleItemIds: [],
  eventIds: [],
};

type Store = (plans: readonly IngestPlan[]) => Partial<IngestResult>;

/** Ingest on a store that answers 10 ms later, and everything that happened, in order. */
function anIngest(store: Store = () => ({})) {
  const clock = manualClock();
  const happened: string[] = [];
  const changes: FeatureChange[] = [];
  const watches: Interaction[] = [];
  const signals: Interaction[] = [];
  const service = createIngestService({
    clock,
    store: {
      async accept(plans) {
        await clock.sleep(10);
        happened.push(`commit ${plans.map(({ event }) => event.eventId).join(" ")}`);
        return { outcomes: plans.map(() => "accepted" as const), changed: NOTHING, ...store(plans) };
      },
    },
    onApplied(change) {
      happened.push("applied");
      changes.push(change);
    },
    onWatches(interactions) {
      happened.push(`overlay ${interactions.length}`);
      watches.push(...interactions);
    },
    onSignals: (interactions) => void signals.push(...interactions),
    onOutbox: () => void happened.push("outbox"),
  });
  const accept = (...events: AnyEvent[]) => {
    const outcomes = service.accept(events.map(planOf), Deadline.after(1_000, clock));
    outcomes.then(
      (given) => happened.push(`answer ${given.join(" ")}`),
      (error: Error) => happened.push(`refuse ${error.name}`),
    );
    return outcomes;
  };
  return { service, clock, happened, changes, watches, signals, accept };
}

const aWatch = (eventId: string) => aWatchEvent({ eventId });

describe("announcing", () => {
  test("a watch is in the overlay, and the relay awake, before the caller is answered", async () => {
    const { clock, happened, accept, watches } = anIngest();
    void accept(aWatch("w-1"));
    await clock.advance(10);
    expect(happened).toEqual(["commit w-1", "overlay 1", "outbox", "answer accepted"]);
    expect(watches).toMatchObject([{ userId: "u-1", itemId: "i-1", origin: "stream" }]);
  });

  test("a direct event is applied before the caller is answered, and is no business of the relay", async () => {
    const { clock, happened, accept, changes } = anIngest(() => ({ changed: CHANGED }));
    void accept(aDirectEvent());
    await clock.advance(10);
    expect(happened).toEqual(["commit direct-0001", "applied", "answer accepted"]);
    expect(changes).toEqual([CHANGED]);
  });

  test("an impression wakes the relay only", async () => {
    const { clock, happened, accept } = anIngest();
    void accept(anImpressionEvent({ eventId: "imp-1" }));
    await clock.advance(10);
    expect(happened).toEqual(["commit imp-1", "outbox", "answer accepted"]);
  });

  test("nothing is announced of what was known already", async () => {
    const { clock, happened, accept } = anIngest(() => ({ outcomes: ["duplicate", "conflict"] }));
    void accept(aWatch("w-1"), aWatch("w-2"));
    await clock.advance(10);
    expect(happened).toEqual(["commit w-1 w-2", "answer duplicate conflict"]);
  });

  test("of a mixed unit only the accepted watches reach the overlay", async () => {
    const { clock, accept, watches } = anIngest(() => ({ outcomes: ["duplicate", "accepted", "accepted"] }));
    void accept(aWatch("w-1"), aWatchEvent({ eventId: "w-2", itemId: "i-2" }), aDirectEvent());
    await clock.advance(10);
    expect(watches.map(({ itemId }) => itemId)).toEqual(["i-2"]);
  });

  test("signals are those of accepted direct events: those of watches are known once they are consumed", async () => {
    const { clock, accept, signals } = anIngest(() => ({ outcomes: ["accepted", "duplicate", "accepted"] }));
    const click = aDirectEvent({ eventId: "direct-0002", itemId: "i-2", signal: "click" });
    void accept(aWatch("w-1"), aDirectEvent(), click);
    await clock.advance(10);
    expect(signals).toMatchObject([{ itemId: "i-2", signal: "click" }]);
  });

  test("a commit that outlives its caller's deadline is announced all the same", async () => {
    const { service, clock, happened } = anIngest();
    const late = service.accept([planOf(aWatch("w-1"))], Deadline.after(5, clock));
    const reason = late.catch((error: { reason: string }) => error.reason);
    await clock.advance(10);
    expect(await reason).toBe("timeout");
    expect(happened).toEqual(["commit w-1", "overlay 1", "outbox"]);
  });

  test("nothing is announced of a commit that failed", async () => {
    const { clock, happened, accept } = anIngest(() => {
      throw new StoreDataError("22P05", "bad text");
    });
    accept(aWatch("w-1")).catch(() => {});
    await clock.advance(10);
    expect(happened).toEqual(["commit w-1", "refuse StoreDataError"]);
  });
});

describe("grouping", () => {
  test("each caller gets the outcomes of its own unit, in order", async () => {
    const outcomeOf: Record<string, IngestOutcome> = { "b-1": "duplicate", "c-2": "conflict" };
    const { clock, happened, accept } = anIngest((plans) => ({
      outcomes: plans.map(({ event }) => outcomeOf[event.eventId] ?? "accepted"),
    }));
    const units = [
      accept(aWatch("a-1"), aDirectEvent({ eventId: "a-2" }), aWatch("a-3")),
      accept(aWatch("b-1")),
      accept(aWatch("c-1"), aWatch("c-2")),
    ];
    await clock.advance(20);
    expect(await Promise.all(units)).toEqual([
      ["accepted", "accepted", "accepted"],
      ["duplicate"],
      ["accepted", "conflict"],
    ]);
    expect(happened).toContain("commit a-1 a-2 a-3 b-1 c-1 c-2");
  });

  test("a unit with bad data is refused whole, and the others of its group are stored", async () => {
    const { clock, accept } = anIngest((plans) => {
      if (plans.some(({ event }) => event.eventId === "bad-1")) throw new StoreDataError("22P05", "bad");
      return {};
    });
    void accept(aWatch("first"));
    void accept(aWatch("second"));
    const good = accept(aWatch("good-1"), aWatch("good-2"));
    const bad = accept(aWatch("bad-1"), aWatch("bad-2")).catch((error: Error) => error.name);
    await clock.advance(50);
    expect(await good).toEqual(["accepted", "accepted"]);
    expect(await bad).toBe("StoreDataError");
  });

  test("closing waits for what was accepted and refuses the rest", async () => {
    const { service, clock, happened, accept } = anIngest();
    void accept(aWatch("w-1"));
    let closed = false;
    void service[Symbol.asyncDispose]().then(() => {
      closed = true;
    });
    accept(aWatch("w-2")).catch(() => {});
    await settled();
    expect(closed).toBe(false);
    await clock.advance(10);
    expect({ closed, happened }).toEqual({
      closed: true,
      happened: ["refuse StoreUnavailableError", "commit w-1", "overlay 1", "outbox", "answer accepted"],
    });
  });
});

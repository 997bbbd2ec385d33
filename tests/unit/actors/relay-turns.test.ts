/** Rounds of a relay publish one after the other, and a publish that never ends holds nobody back for good. */

import { describe, expect, test } from "bun:test";
import { inTurns } from "../../../src/actors/relay-turns.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import type { EventLogProducer, ProduceRecord, ProduceResult } from "../../../src/events/ports.ts";
import { manualClock } from "../../support/manual-clock.ts";

const record = (key: string): ProduceRecord => ({ topic: "t", key, value: new Uint8Array(), headers: {} });
const ACKED: readonly ProduceResult[] = [{ status: "acked" }];

/** Acknowledges a call when it is told to. */
function fakeProducer() {
  const calls: { key: string; acknowledge: () => void }[] = [];
  const producer: EventLogProducer = {
    async ensureTopic() {},
    produce(records) {
      const { promise, resolve } = Promise.withResolvers<readonly ProduceResult[]>();
      calls.push({ key: records[0]?.key ?? "", acknowledge: () => resolve(ACKED) });
      return promise;
    },
    async [Symbol.asyncDispose]() {},
  };
  return { calls, producer: inTurns(producer) };
}

const keys = (calls: readonly { key: string }[]) => calls.map(({ key }) => key);

describe("inTurns", () => {
  test("sends the next records when the last are acknowledged", async () => {
    const clock = manualClock();
    const { calls, producer } = fakeProducer();
    const first = producer.produce([record("a")], Deadline.after(1_000, clock));
    const second = producer.produce([record("b")], Deadline.after(1_000, clock));
    await clock.advance(1);
    const before = keys(calls);
    calls[0]?.acknowledge();
    await first;
    await clock.advance(1);
    calls[1]?.acknowledge();

    expect(await second).toEqual(ACKED);
    expect([before, keys(calls)]).toEqual([["a"], ["a", "b"]]);
  });

  test("does not send what waited until its deadline", async () => {
    const clock = manualClock();
    const { calls, producer } = fakeProducer();
    const first = producer.produce([record("a")], Deadline.after(1_000, clock));
    first.catch(() => {}); // Ends at its deadline below.
    const second = producer.produce([record("b")], Deadline.after(500, clock));
    const failed = second.catch((error: Error) => error.name);
    await clock.advance(501);

    expect(await failed).toBe("DeadlineExceededError");
    expect(keys(calls)).toEqual(["a"]);
  });

  test("goes on after a publish that never ends", async () => {
    const clock = manualClock();
    const { calls, producer } = fakeProducer();
    const first = producer.produce([record("a")], Deadline.after(1_000, clock)).catch(() => "gave up");
    await clock.advance(1_001);
    expect(await first).toBe("gave up");
    void producer.produce([record("b")], Deadline.after(1_000, clock));
    await clock.advance(1);

    expect(keys(calls)).toEqual(["a", "b"]);
  });
});

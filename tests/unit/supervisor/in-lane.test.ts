/** Laws of a lane's receiving end. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DeadLetters } from "../../../src/supervisor/dead-letters.ts";
import type { LaneFrame } from "../../../src/supervisor/frames.ts";
import { InLane, type InLaneOptions } from "../../../src/supervisor/in-lane.ts";
import { settled } from "../../support/manual-clock.ts";

/** A lane whose handlers end when the test says so. */
function anInLane(options: Partial<InLaneOptions> = {}) {
  const begun: number[] = [];
  const inHand = new Map<number, PromiseWithResolvers<unknown>>();
  const posted: LaneFrame[] = [];
  const failures: unknown[] = [];
  const events: string[] = [];
  const lane = new InLane({
    self: "receiver",
    peer: "sender",
    incarnation: 1,
    capacity: 4,
    concurrency: 2,
    wire: { post: (frame) => void posted.push(frame), close: () => void events.push("closed") },
    deadLetters: new DeadLetters(),
    handle(message) {
      const ending = Promise.withResolvers<unknown>();
      begun.push(message as number);
      inHand.set(message as number, ending);
      return ending.promise;
    },
    failed: (error) => void failures.push(error),
    idle: () => void events.push("idle"),
    ...options,
  });
  const settle = async (message: number, act: (ending: PromiseWithResolvers<unknown>) => void) => {
    const ending = inHand.get(message);
    if (!ending) throw new Error(`${message} is not in hand`);
    inHand.delete(message);
    act(ending);
    await settled();
  };
  return {
    lane,
    begun,
    inHand,
    posted,
    failures,
    events,
    accept: (message: number, askId: number | null = null) =>
      lane.accept({ kind: "message", message, askId }),
    end: (message: number) => settle(message, ({ resolve }) => resolve(`${message} done`)),
    fail: (message: number) => settle(message, ({ reject }) => reject(new Error(`${message} failed`))),
    creditsBack: () => posted.reduce((sum, frame) => sum + (frame.kind === "credit" ? frame.count : 0), 0),
  };
}

const steps = fc.array(fc.oneof(fc.constant("send" as const), fc.nat(20)), { maxLength: 60 });

describe("receiving end of a lane", () => {
  test("begins messages in order, handles at most `concurrency` at once, and gives each credit back once", async () => {
    const sizes = fc.integer({ min: 1, max: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, steps, async (capacity, concurrency, program) => {
        const lane = anInLane({ capacity, concurrency });
        let sent = 0;
        const check = () => {
          const outstanding = sent - lane.creditsBack();
          expect(outstanding).toBeGreaterThanOrEqual(sent - lane.begun.length + lane.inHand.size);
          expect(outstanding).toBeLessThanOrEqual(capacity);
          const waiting = sent - lane.begun.length;
          expect(lane.inHand.size).toBeLessThanOrEqual(concurrency);
          expect(waiting === 0 || lane.inHand.size === concurrency).toBe(true);
          expect(lane.lane.busy).toBe(lane.inHand.size > 0);
        };
        const endOne = async (pick: number) => {
          const open = [...lane.inHand.keys()];
          const message = open[pick % open.length];
          if (message !== undefined) await lane.end(message);
        };
        for (const step of program) {
          if (step !== "send") await endOne(step);
          else if (sent - lane.creditsBack() < capacity) lane.accept(sent++);
          check();
        }
        while (lane.inHand.size > 0) await endOne(0);
        check();
        expect(lane.begun).toEqual(Array.from({ length: sent }, (_, index) => index));
        expect(lane.creditsBack()).toBe(sent);
      }),
      { numRuns: 60 },
    );
  });

  test("answers an ask whose handler ends before earlier ones", async () => {
    const lane = anInLane();
    lane.accept(1, 11);
    lane.accept(2, 12);
    await lane.end(2);
    expect(lane.posted).toEqual([{ kind: "answer", askId: 12, value: "2 done" }]);
  });

  test("a throw begins nothing more and is reported once, whatever the others in hand do", async () => {
    const lane = anInLane();
    for (const message of [1, 2, 3, 4]) lane.accept(message);
    await lane.fail(1);
    await lane.fail(2);
    expect({ begun: lane.begun, failures: lane.failures, events: lane.events }).toEqual({
      begun: [1, 2],
      failures: [new Error("1 failed")],
      events: [],
    });
  });

  test("after a throw new messages are not begun either", async () => {
    const lane = anInLane();
    lane.accept(1);
    await lane.fail(1);
    lane.accept(2);
    expect(lane.begun).toEqual([1]);
  });

  test("what a dead sender had handed over is handled to the end, then the wire is closed", async () => {
    const lane = anInLane();
    for (const message of [1, 2, 3]) lane.accept(message);
    lane.lane.close();
    await lane.end(1);
    await lane.end(2);
    expect({ begun: lane.begun, events: lane.events }).toEqual({ begun: [1, 2, 3], events: [] });
    await lane.end(3);
    expect({ events: lane.events, posted: lane.posted }).toEqual({ events: ["closed", "idle"], posted: [] });
  });

  test("is idle only when the last of several handlers has ended", async () => {
    const lane = anInLane();
    lane.accept(1);
    lane.accept(2);
    await lane.end(2);
    expect(lane.events).toEqual([]);
    await lane.end(1);
    expect(lane.events).toEqual(["idle"]);
  });
});

/** The breaker against a naive model of its rules, and its story told step by step. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  Breaker,
  BreakerOpenError,
  type BreakerState,
  dependencyBreaker,
} from "../../../src/core/breaker.ts";
import type { Random } from "../../../src/core/random.ts";
import { manualClock } from "../../support/manual-clock.ts";

const SLOW_MS = 100;
const settings = dependencyBreaker(SLOW_MS);
const middle: Random = { next: () => 0.5, bytes: (length) => new Uint8Array(length) }; // Jitter of exactly 0.

class DownError extends Error {}
const isFailure = (error: unknown) => error instanceof DownError;

function setUp(random = middle) {
  const clock = manualClock();
  const moves: BreakerState[] = [];
  let failures = 0;
  const observer = { moved: (to: BreakerState) => void moves.push(to), failed: () => void failures++ };
  const breaker = new Breaker({ settings, clock, random, observer });
  const call = (outcome: "ok" | "down" | "bad_data", tookMs = 0): Promise<string> =>
    breaker
      .run(async () => {
        if (tookMs > 0) await clock.advance(tookMs);
        if (outcome === "down") throw new DownError();
        if (outcome === "bad_data") throw new TypeError("not the store's fault");
      }, isFailure)
      .then(
        () => "done",
        (error) => (error instanceof BreakerOpenError ? "refused" : "failed"),
      );
  const calls = async (count: number, outcome: "ok" | "down" | "bad_data", tookMs = 0) => {
    for (let n = 0; n < count; n++) await call(outcome, tookMs);
  };
  return { clock, breaker, call, calls, moves, failures: () => failures };
}

test("opens when half of at least twenty calls failed, and then refuses without calling", async () => {
  const { breaker, call, calls } = setUp();
  await calls(10, "ok");
  await calls(9, "down");
  expect(breaker.state).toBe("closed");
  await call("down");
  expect(breaker.state).toBe("open");
  expect(await call("ok")).toBe("refused");
});

test("opens when four of five calls are slow", async () => {
  const { breaker, calls } = setUp();
  await calls(4, "ok");
  await calls(16, "ok", SLOW_MS + 1);
  expect(breaker.state).toBe("open");
});

test("errors that are not the dependency's do not open it", async () => {
  const { breaker, calls, failures } = setUp();
  await calls(40, "bad_data");
  expect(breaker.state).toBe("closed");
  expect(failures()).toBe(0);
});

test("closes after three good probes, and starts again with a short open time", async () => {
  const { clock, breaker, calls, moves } = setUp();
  await calls(20, "down");
  await clock.advance(1_000);
  await calls(3, "ok");
  expect(moves).toEqual(["open", "half_open", "closed"]);
  await calls(20, "down");
  await clock.advance(1_000);
  await calls(1, "ok");
  expect(breaker.state).toBe("half_open");
});

test("each failed probe doubles the open time up to its maximum", async () => {
  const { clock, breaker, call, calls } = setUp();
  await calls(20, "down");
  const openTimesMs = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  for (const openMs of openTimesMs) {
    await clock.advance(openMs - 1);
    expect(await call("ok")).toBe("refused");
    await clock.advance(1);
    expect(await call("down")).toBe("failed");
    expect(breaker.state).toBe("open");
  }
});

test("lets only three probes through while their results are out", async () => {
  const { clock, breaker, calls } = setUp();
  await calls(20, "down");
  await clock.advance(1_000);
  const never = () => breaker.run(() => new Promise<void>(() => {}), isFailure);
  for (let probe = 0; probe < 3; probe++) void never();
  await expect(never()).rejects.toBeInstanceOf(BreakerOpenError);
});

test("a ping that succeeds starts the probes early, and closes nothing by itself", async () => {
  const { breaker, calls, moves } = setUp();
  await calls(20, "down");
  breaker.pingSucceeded();
  await calls(2, "ok");
  expect(breaker.state).toBe("half_open");
  expect(moves).toEqual(["open", "half_open"]);
});

test("a probe that says nothing neither closes nor opens, and makes room for another", async () => {
  const { clock, breaker, calls } = setUp();
  await calls(20, "down");
  await clock.advance(2_000);
  const busy = () =>
    breaker.run(
      () => Promise.reject(new TypeError("in the way")),
      isFailure,
      (error) => error instanceof TypeError,
    );
  for (let probe = 0; probe < 5; probe++) await expect(busy()).rejects.toThrow("in the way");
  const before = breaker.state;
  await calls(3, "ok");
  expect([before, breaker.state]).toEqual(["half_open", "closed"]);
});

test("a result that was admitted before the breaker opened does not count as a probe", async () => {
  const { clock, breaker, calls } = setUp();
  const late = Promise.withResolvers<void>();
  const call = breaker.run(() => late.promise, isFailure).catch(() => "failed");
  await calls(20, "down");
  await clock.advance(1_000);
  await calls(1, "ok");
  late.reject(new DownError());
  await call;
  expect(breaker.state).toBe("half_open");
});

test("failures older than the window are forgotten", async () => {
  const { clock, breaker, calls } = setUp();
  await calls(19, "down");
  await clock.advance(settings.windowMs);
  await calls(19, "down");
  expect(breaker.state).toBe("closed");
});

test("open times stay within their jitter", async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0, max: 0.999, noNaN: true }), async (drawn) => {
      const { clock, call, calls } = setUp({ ...middle, next: () => drawn });
      await calls(20, "down");
      await clock.advance(799);
      expect(await call("ok")).toBe("refused");
      await clock.advance(402);
      expect(await call("ok")).toBe("done");
    }),
    { numRuns: 30 },
  );
});

/** The rules as a list of all calls ever made: no buckets to reuse, no phases to confuse. */
class Model {
  state: BreakerState = "closed";
  untilMs = 0;
  openings = 0;
  goodProbes = 0;
  calls: { slice: number; failed: boolean; slow: boolean }[] = [];

  open(nowMs: number): void {
    this.state = "open";
    this.untilMs = nowMs + Math.min(1_000 * 2 ** this.openings++, 30_000);
  }
  admits(nowMs: number): boolean {
    if (this.state === "open" && nowMs >= this.untilMs) this.ping();
    return this.state !== "open";
  }
  ping(): void {
    if (this.state !== "open") return;
    this.state = "half_open";
    this.goodProbes = 0;
  }
  finish(nowMs: number, failed: boolean, slow: boolean): void {
    if (this.state === "half_open") {
      if (failed) this.open(nowMs);
      else if (++this.goodProbes === 3) Object.assign(this, { state: "closed", openings: 0, calls: [] });
      return;
    }
    const slice = Math.floor(nowMs / 1_000);
    this.calls.push({ slice, failed, slow });
    const recent = this.calls.filter((made) => made.slice > slice - 10);
    const share = (pick: "failed" | "slow") => recent.filter((made) => made[pick]).length / recent.length;
    if (recent.length >= 20 && (share("failed") >= 0.5 || share("slow") >= 0.8)) this.open(nowMs);
  }
}

type Step =
  | { readonly do: "call"; readonly outcome: "ok" | "down"; readonly tookMs: number; readonly times: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "ping" };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("call" as const),
        outcome: fc.constantFrom("ok" as const, "down" as const),
        tookMs: fc.constantFrom(0, 0, 101),
        times: fc.integer({ min: 1, max: 12 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 6_000 }) }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("ping" as const) }) },
  ),
  { maxLength: 25, size: "max" },
);

test("moves as the model of its rules does, whatever happens", async () => {
  const reached = new Set<BreakerState>();
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { clock, breaker, call } = setUp();
      const model = new Model();
      for (const step of script) {
        if (step.do === "wait") await clock.advance(step.ms);
        else if (step.do === "ping") {
          breaker.pingSucceeded();
          model.ping();
        } else {
          for (let n = 0; n < step.times; n++) {
            const admitted = model.admits(clock.monotonicMs());
            const answer = await call(step.outcome, step.tookMs);
            expect(answer !== "refused").toBe(admitted);
            if (admitted) model.finish(clock.monotonicMs(), step.outcome === "down", step.tookMs > SLOW_MS);
            expect(breaker.state).toBe(model.state);
          }
        }
        expect(breaker.state).toBe(model.state);
        reached.add(breaker.state);
      }
    }),
    { numRuns: 80 },
  );
  expect([...reached].sort()).toEqual(["closed", "half_open", "open"]);
});

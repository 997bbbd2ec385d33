/** Which failures are tried again, how often and until when. */

import { expect, test } from "bun:test";
import { Deadline } from "../../../../src/core/deadline.ts";
import { StoreDataError, StoreUnavailableError } from "../../../../src/core/errors.ts";
import { withContentionRetry } from "../../../../src/stores/postgres/contention.ts";
import { manualClock } from "../../../support/manual-clock.ts";

const latest = { next: () => 0.999, bytes: (length: number) => new Uint8Array(length) };
const contention = () => new StoreUnavailableError("contention", "deadlock");

async function run(errors: readonly Error[], budgetMs = 1_000) {
  const clock = manualClock();
  const remaining = [...errors];
  let calls = 0;
  const result = withContentionRetry(
    Deadline.after(budgetMs, clock),
    async () => {
      calls++;
      const error = remaining.shift();
      if (error) throw error;
      return "done";
    },
    { clock, random: latest },
  ).catch((error: unknown) => error);
  await clock.advance(budgetMs);
  return { result: await result, calls };
}

test("answers after two contended attempts", async () => {
  expect(await run([contention(), contention()])).toEqual({ result: "done", calls: 3 });
});

test("gives up after the second retry", async () => {
  const { result, calls } = await run([contention(), contention(), contention()]);
  expect(result).toMatchObject({ reason: "contention" });
  expect(calls).toBe(3);
});

test.each([
  ["an unknown outcome", new StoreUnavailableError("timeout", "unknown outcome")],
  ["a lost connection", new StoreUnavailableError("connect", "reset")],
  ["bad data", new StoreDataError("22021", "NUL")],
  ["a bug", new Error("bug")],
])("does not repeat after %s", async (_, error) => {
  expect(await run([error])).toEqual({ result: error, calls: 1 });
});

test("starts no retry that could not end before the deadline", async () => {
  const { result, calls } = await run([contention()], 50);
  expect(result).toMatchObject({ reason: "contention" });
  expect(calls).toBe(1);
});

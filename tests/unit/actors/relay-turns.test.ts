/** Rounds of a relay publish one after the other, and one that got no turn holds nobody back. */

import { describe, expect, test } from "bun:test";
import { Turns } from "../../../src/actors/relay-turns.ts";
import { Deadline } from "../../../src/core/deadline.ts";
import { type ManualClock, manualClock } from "../../support/manual-clock.ts";

/** Takes a turn for `name`, and writes down that it began. */
function taker(clock: ManualClock) {
  const turns = new Turns();
  const began: string[] = [];
  const take = async (name: string, waitMs = 1_000) => {
    const end = await turns.take(Deadline.after(waitMs, clock));
    if (end) began.push(name);
    return end;
  };
  return { began, take };
}

describe("Turns", () => {
  test("begin when the last has ended, in the order in which they were asked for", async () => {
    const clock = manualClock();
    const { began, take } = taker(clock);
    const [first, second] = [take("a"), take("b"), take("c")];
    await clock.advance(1);
    const before = [...began];
    (await first)?.();
    await clock.advance(1);
    const between = [...began];
    (await second)?.();
    await clock.advance(1);

    expect([before, between, began]).toEqual([["a"], ["a", "b"], ["a", "b", "c"]]);
  });

  test("do not come after the deadline, nor let who waits behind overtake who has the turn", async () => {
    const clock = manualClock();
    const { began, take } = taker(clock);
    const first = take("a");
    const late = take("b", 500);
    void take("c");
    await clock.advance(501);
    const before = [...began];
    (await first)?.();
    await clock.advance(1);

    expect(await late).toBeNull();
    expect([before, began]).toEqual([["a"], ["a", "c"]]);
  });
});

/** How dead letters get into the log. */

import { expect, test } from "bun:test";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { TreeLog } from "../../../src/supervisor/tree-log.ts";

test("dead letters are logged at most once in 10 s for each child and reason, with nothing left uncounted", () => {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
  const logged: object[] = [];
  const write = (fields: object) => logged.push(fields);
  const log = new TreeLog({ info: write, warn: write, error: write }, clock);
  const full = { actor: "writer", reason: "full", count: 2 } as const;
  for (nowMs of [0, 1_000, 9_999]) log.deadLetters(full);
  log.deadLetters({ ...full, actor: "relay" });
  nowMs = 10_000;
  log.deadLetters(full);
  expect(logged).toEqual([
    { actor: "writer", reason: "full", count: 2 },
    { actor: "relay", reason: "full", count: 2 },
    { actor: "writer", reason: "full", count: 6 },
  ]);
});

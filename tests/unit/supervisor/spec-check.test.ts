/** What makes a supervisor's specification wrong. */

import { describe, expect, test } from "bun:test";
import type { ChildSpec, SupervisorSpec } from "../../../src/supervisor/actor.ts";
import { checkSupervisorSpec } from "../../../src/supervisor/spec-check.ts";
import { aChild } from "../../support/child-specs.ts";

const BACKOFF = { minMs: 200, maxMs: 10_000, jitter: 0.2, resetAfterMs: 10_000 };
const aSpec = (child: Partial<ChildSpec> = {}, spec: Partial<SupervisorSpec> = {}): SupervisorSpec => ({
  intensity: 5,
  periodMs: 60_000,
  shutdownMs: 18_000,
  children: [aChild("a", "inline", { backoff: BACKOFF, ...(child as object) })],
  ...spec,
});

describe("specification check", () => {
  test("accepts the defaults", () => {
    expect(checkSupervisorSpec(aSpec())).toEqual([]);
  });

  test("refuses restarts that could never fill their window", () => {
    expect(checkSupervisorSpec(aSpec({}, { periodMs: 32_000 }))).toEqual([
      "a: 5 failed starts can take 32440 ms, longer than the period of 32000 ms: lower the intensity or lengthen the period",
    ]);
  });

  test("takes a long start timeout for 5 s, because such a child has a window of its own", () => {
    expect(checkSupervisorSpec(aSpec({ startTimeoutMs: 60_000 }))).toEqual([]);
  });

  test("refuses two children of one name", () => {
    const children = [aChild("a", "inline"), aChild("a", "inline")];
    expect(checkSupervisorSpec(aSpec({}, { children }))).toEqual(["two children have the same id"]);
  });

  const wrong: [string, Partial<ChildSpec>, string][] = [
    ["an unknown peer", { sendsTo: ["b"] }, "a: it cannot send to b"],
    ["itself as a peer", { sendsTo: ["a"] }, "a: it cannot send to a"],
    [
      "a mailbox for nothing",
      { mailbox: { capacity: 0, overflow: "sync" } },
      "a: the mailbox must hold a whole number of messages, 1 or more",
    ],
    [
      "a mailbox whose messages are never handled",
      { mailbox: { capacity: 1, overflow: "sync", concurrency: 0 } },
      "a: the mailbox must let a whole number of messages be handled at once, 1 or more",
    ],
    [
      "arguments no realm can be given",
      { start: { module: "m", args: () => 1 } },
      "a: its arguments cannot be cloned into another realm",
    ],
    ["a start time of 0", { startTimeoutMs: 0 }, "a: the start timeout must be longer than 0 ms"],
    ["a negative shutdown time", { shutdownMs: -1 }, "a: the shutdown time must not be negative"],
    ["a back-off of 0", { backoff: { ...BACKOFF, minMs: 0 } }, "a: back-off needs 0 < minMs <= maxMs"],
    ["jitter of 1", { backoff: { ...BACKOFF, jitter: 1 } }, "a: jitter must be in [0, 1)"],
  ];
  test.each(wrong)("refuses %s", (_what, child, problem) => {
    expect(checkSupervisorSpec(aSpec(child))).toEqual([problem]);
  });

  const wrongTrees: [string, Partial<SupervisorSpec>, string][] = [
    ["half a restart", { intensity: 0.5 }, "intensity must be a whole number, 0 or more"],
    ["no time to stop", { shutdownMs: 0 }, "the total shutdown time must be longer than 0 ms"],
  ];
  test.each(wrongTrees)("refuses %s", (_what, spec, problem) => {
    expect(checkSupervisorSpec(aSpec({}, spec))).toEqual([problem]);
  });
});

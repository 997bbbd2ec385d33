/** Stories and laws of the decisions about a tree. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ChildSpec, SupervisorSpec } from "../../../src/supervisor/actor.ts";
import { worstDelaysMs } from "../../../src/supervisor/backoff.ts";
import { KILL_LIMIT_MS } from "../../../src/supervisor/restart-window.ts";
import { checkSupervisorSpec } from "../../../src/supervisor/spec-check.ts";
import { step } from "../../../src/supervisor/step.ts";
import { initialState, type TreeEvent } from "../../../src/supervisor/tree-state.ts";
import { aChild } from "../../support/child-specs.ts";
import { type Behaviour, WELL, World } from "./world.ts";

const DAY_MS = 86_400_000;
const BACKOFF = { minMs: 200, maxMs: 10_000, jitter: 0.2, resetAfterMs: 10_000 };
const child = (id: string, overrides: Partial<ChildSpec> = {}) =>
  aChild(id, "inline", { backoff: BACKOFF, ...(overrides as object) });
const aSpec = (children: readonly ChildSpec[], overrides: Partial<SupervisorSpec> = {}): SupervisorSpec => ({
  intensity: 5,
  periodMs: 60_000,
  shutdownMs: 18_000,
  children,
  ...overrides,
});
const THREE = aSpec([child("store"), child("relay"), child("http-0"), child("http-1")]);

/** A world in which `sick` behaves differently from the others. */
function worldWith(spec: SupervisorSpec, sick: string, behaviour: Partial<Behaviour>): World {
  const world = new World(spec, (id) => (id === sick ? { ...WELL, ...behaviour } : WELL));
  world.plan(0, { kind: "start" });
  return world;
}

describe("a tree", () => {
  test("stops in reverse start order, neighbours of one kind side by side", () => {
    const world = worldWith(THREE, "", {});
    world.plan(1_000, { kind: "stop", reason: "SIGTERM" });
    world.run(DAY_MS);
    expect(world.idsOf("spawn")).toEqual(["store", "relay", "http-0", "http-1"]);
    expect(world.idsOf("stop")).toEqual(["http-1", "http-0", "relay", "store"]);
    expect(world.exit).toEqual({ code: 0, atMs: 1_015 });
  });

  test("restarts one child alone, with doubling delays", () => {
    const world = worldWith(THREE, "relay", { readyAfterMs: null, diesAfterMs: 1 });
    world.run(2_000);
    const delays = world.commands.flatMap((command) =>
      command.kind === "schedule" && command.timer.kind === "restart" ? command.delayMs : [],
    );
    expect(delays).toEqual([200, 400, 800, 1_600]);
    expect(world.idsOf("stop")).toEqual([]);
  });

  test("begins again at the shortest delay after a long life", () => {
    const world = worldWith(THREE, "relay", { diesAfterMs: 20_000 });
    world.run(100_000);
    const delays = world.commands.flatMap((command) =>
      command.kind === "schedule" && command.timer.kind === "restart" ? command.delayMs : [],
    );
    expect(delays).toEqual([200, 200, 200, 200]);
  });

  test("gives up on a child that crashes too often: ordered stop, code 70", () => {
    const world = worldWith(THREE, "http-0", { diesAfterMs: 10 });
    world.run(DAY_MS);
    expect(world.idsOf("spawn").filter((id) => id === "http-0")).toHaveLength(6);
    expect(world.idsOf("stop")).toEqual(["http-1", "relay", "store"]);
    expect(world.exit?.code).toBe(70);
    expect(world.state.reasons).toEqual(["http-0: more than 5 restarts in 60000 ms; last: died"]);
  });

  test("keeps the last step's time aside when an earlier step takes too long", () => {
    const spec = aSpec([child("store", { shutdownMs: 3_000 }), child("consumer", { shutdownMs: 20_000 })]);
    const world = worldWith(spec, "consumer", { stopsAfterMs: null });
    world.plan(1_000, { kind: "stop", reason: "SIGTERM" });
    world.run(DAY_MS);
    expect(world.exit).toEqual({ code: 0, atMs: 1_000 + 15_000 + 1 + 5 });
    expect(world.state.reasons).toEqual(["SIGTERM", "consumer did not stop in time"]);
  });

  test("kills everything when the total time is over: code 2", () => {
    const spec = aSpec([child("store", { shutdownMs: 30_000 })]);
    const world = worldWith(spec, "store", { stopsAfterMs: null });
    world.plan(1_000, { kind: "stop", reason: "SIGTERM" });
    world.run(DAY_MS);
    expect(world.exit).toEqual({ code: 2, atMs: 19_001 });
  });

  test("ends although a realm does not even die of its kill", () => {
    const world = worldWith(THREE, "relay", { stopsAfterMs: null, endsAfterKillMs: null });
    world.plan(1_000, { kind: "kill" });
    world.run(DAY_MS);
    expect(world.exit).toEqual({ code: 2, atMs: 1_000 + KILL_LIMIT_MS });
  });

  test("takes no notice of an incarnation that is gone", () => {
    const world = worldWith(aSpec([child("relay")]), "relay", { diesAfterMs: 50 });
    world.run(300);
    const old = { id: "relay", incarnation: 1 };
    const end = { normal: false, reason: "late news", exitCode: 78 };
    const events: TreeEvent[] = [
      { kind: "ready", ...old },
      { kind: "ended", ...old, end, roll: 0 },
      { kind: "unresponsive", ...old, reason: "late news" },
      { kind: "timer", timer: { kind: "start_timeout", ...old }, roll: 0 },
      { kind: "timer", timer: { kind: "restart", ...old }, roll: 0 },
    ];
    for (const event of events)
      expect(step(world.state, event, 400)).toEqual({ state: world.state, commands: [] });
  });

  test("ends before it began when it is stopped before it is started", () => {
    const { commands } = step(initialState(THREE), { kind: "stop", reason: "SIGTERM" }, 0);
    expect(commands.filter(({ kind }) => kind !== "schedule")).toEqual([
      { kind: "exit", code: 0, reasons: ["SIGTERM"] },
    ]);
  });
});

const times = (max: number) => fc.integer({ min: 0, max });
const behaviours: fc.Arbitrary<Behaviour> = fc.record({
  readyAfterMs: fc.oneof({ weight: 5, arbitrary: times(6_000) }, { weight: 1, arbitrary: fc.constant(null) }),
  diesAfterMs: fc.oneof(times(100), times(40_000), fc.constant(null)),
  diesNormally: fc.boolean(),
  stopsAfterMs: fc.oneof(times(4_000), fc.constant(null)),
  endsAfterKillMs: fc.oneof({ weight: 9, arbitrary: times(50) }, { weight: 1, arbitrary: fc.constant(null) }),
});
const restartKinds = fc.constantFrom("permanent", "transient", "temporary");
const trees = fc
  .array(fc.record({ restart: restartKinds, plans: fc.array(behaviours, { minLength: 1, maxLength: 5 }) }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((members) => ({
    spec: aSpec(members.map(({ restart }, index) => child(`actor-${index}`, { restart }))),
    behaviour: (id: string, incarnation: number): Behaviour => {
      const plans = members[Number(id.slice(6))]?.plans ?? [];
      return plans[incarnation % plans.length] ?? WELL;
    },
  }));

describe("any tree", () => {
  test("obeys the laws of its world, and ends in bounded time once it is told to", () => {
    fc.assert(
      fc.property(trees, times(200_000), ({ spec, behaviour }, stopAtMs) => {
        const world = new World(spec, behaviour);
        world.plan(0, { kind: "start" });
        world.plan(stopAtMs, { kind: "stop", reason: "SIGTERM" });
        world.run(stopAtMs + spec.shutdownMs + KILL_LIMIT_MS);
        expect([0, 2, 70]).toContain(world.exit?.code ?? -1);
      }),
      { numRuns: 300 },
    );
  });

  test("dies at once when it is killed", () => {
    fc.assert(
      fc.property(trees, times(100_000), ({ spec, behaviour }, killAtMs) => {
        const world = new World(spec, behaviour);
        world.plan(0, { kind: "start" });
        world.plan(killAtMs, { kind: "kill" });
        world.run(killAtMs + KILL_LIMIT_MS);
        expect([2, 70]).toContain(world.exit?.code ?? -1);
      }),
      { numRuns: 200 },
    );
  });

  test("ends with code 70 in bounded time when a child never gets ready", () => {
    const specs = fc
      .record({
        intensity: fc.integer({ min: 0, max: 8 }),
        startTimeoutMs: fc.integer({ min: 1, max: 90_000 }),
        minMs: fc.integer({ min: 1, max: 1_000 }),
        jitter: fc.double({ min: 0, max: 0.5, noNaN: true }),
        periodMs: fc.integer({ min: 1, max: 120_000 }),
      })
      .map(({ intensity, startTimeoutMs, minMs, jitter, periodMs }) => {
        const backoff = { ...BACKOFF, minMs, jitter };
        const never = child("never", { backoff, startTimeoutMs });
        return aSpec([child("fine"), never, child("later")], { intensity, periodMs });
      })
      .filter((spec) => checkSupervisorSpec(spec).length === 0);
    fc.assert(
      fc.property(specs, fc.option(times(KILL_LIMIT_MS)), (spec, endsAfterKillMs) => {
        const world = worldWith(spec, "never", { readyAfterMs: null, endsAfterKillMs });
        const { startTimeoutMs, backoff } = spec.children[1] ?? child("never");
        const attemptsMs = (spec.intensity + 1) * (startTimeoutMs + KILL_LIMIT_MS);
        const boundMs = attemptsMs + worstDelaysMs(spec.intensity, backoff);
        world.run(10 + boundMs + spec.shutdownMs);
        expect(world.exit?.code).toBe(70);
        expect(world.idsOf("spawn").filter((id) => id === "never")).toHaveLength(spec.intensity + 1);
      }),
      { numRuns: 300 },
    );
  });

  test("survives any events in any order, and says nothing after its end", () => {
    const ids = fc.constantFrom("store", "relay", "http-0", "http-1");
    const incarnations = fc.integer({ min: 0, max: 3 });
    const rolls = fc.double({ min: 0, max: 0.999, noNaN: true });
    const reasons = fc.constantFrom("a reason", "another");
    const ends = fc.record({
      normal: fc.boolean(),
      reason: reasons,
      exitCode: fc.option(fc.constantFrom(78), { freq: 9 }),
    });
    const timers = fc.oneof(
      fc.constant({ kind: "total_timeout" as const }),
      fc.record({
        kind: fc.constantFrom("start_timeout", "restart", "shutdown_timeout", "kill_limit"),
        id: ids,
        incarnation: incarnations,
      }),
    );
    const events: fc.Arbitrary<TreeEvent> = fc.oneof(
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("start", "kill") }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("stop" as const), reason: reasons }) },
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant("ready" as const), id: ids, incarnation: incarnations }),
      },
      {
        weight: 8,
        arbitrary: fc.record({
          kind: fc.constant("ended" as const),
          id: ids,
          incarnation: incarnations,
          end: ends,
          roll: rolls,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant("unresponsive" as const),
          id: ids,
          incarnation: incarnations,
          reason: reasons,
        }),
      },
      {
        weight: 8,
        arbitrary: fc.record({ kind: fc.constant("timer" as const), timer: timers, roll: rolls }),
      },
    );
    fc.assert(
      fc.property(fc.array(events, { maxLength: 60 }), (sequence) => {
        let state = initialState(THREE);
        let exits = 0;
        for (const [index, event] of sequence.entries()) {
          const ended = state.phase.kind === "ended";
          const { state: next, commands } = step(state, event, index * 100);
          exits += commands.filter(({ kind }) => kind === "exit").length;
          expect(ended && commands.length > 0).toBe(false);
          for (const [id, { incarnation }] of next.children) {
            const before = state.children.get(id)?.incarnation ?? 0;
            expect([before, before + 1]).toContain(incarnation);
          }
          state = next;
        }
        expect(exits).toBe(state.phase.kind === "ended" ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });
});

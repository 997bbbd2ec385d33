import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { createRegistry } from "../../../src/models/registry.ts";
import { servingRun } from "../../../src/models/slots.ts";
import { type FakeRegistry, fakeRegistry, soundRun } from "../../support/fakes/registry.ts";
import { manualClock } from "../../support/manual-clock.ts";

function setUp(runs: readonly string[] = ["r1", "r2"]) {
  const clock = manualClock();
  const fake = fakeRegistry(runs);
  const registry = createRegistry({ ...fake, clock });
  /** Lets whatever time the call asks for pass. */
  const settled = async <T>(call: (deadline: Deadline) => Promise<T>): Promise<T> => {
    const pending = call(Deadline.after(60_000, clock));
    await clock.advance(60_000);
    return pending;
  };
  const promote = (runId: string, slot: "default" | "blue" | "green" = "default") =>
    settled((deadline) => registry.promote({ runId, slot, activate: null, actor: "t" }, deadline));
  return { fake, registry, settled, promote };
}
const failing = (fake: FakeRegistry) => {
  fake.workers = (version) => [
    { worker: "http-0", version, error: null },
    { worker: "http-1", version, error: "Model checksum mismatch" },
  ];
};

describe("the registry", () => {
  test("promotes a sound run and says how many workers answer by it", async () => {
    const { promote, fake } = setUp();
    const promoted = await promote("r1");
    expect(promoted).toMatchObject({
      ok: true,
      value: { runId: "r1", activeSlot: "default", workersSwitched: 1 },
    });
    expect(servingRun(fake.state)).toBe("r1");
  });

  test.each([
    ["Policy is not usable", { policy: null }],
    ["Policy contract version mismatch", { policy: { ...soundRun().policy, policy_version: "2.0.0" } }],
    ["Model artifact missing", { artifactSha256: null }],
    ["Model checksum mismatch", { artifactSha256: "b".repeat(64) }],
    [
      "Feature schema contract version mismatch",
      { policy: { ...soundRun().policy, feature_schema_version: "9" } },
    ],
    [
      "Policy is not usable: serving.diversity.lambda must be a number from 0 to 1",
      { policy: { ...soundRun().policy, serving: { diversity: { lambda: 2 } } } },
    ],
  ])("a run that fails the gate '%s' changes nothing", async (message, flaw) => {
    const { promote, fake } = setUp();
    fake.evidence.set("bad", { ...soundRun(), ...flaw });
    expect(await promote("bad")).toEqual({ ok: false, error: { kind: "gate", message } });
    expect(fake.state.version).toBe(0);
  });

  test("an unknown run is named as such", async () => {
    expect(await setUp().promote("none")).toEqual({ ok: false, error: { kind: "unknown_run" } });
  });

  test("a promotion that a worker cannot follow is taken back", async () => {
    const { promote, fake } = setUp();
    await promote("r1");
    failing(fake);
    expect(await promote("r2")).toEqual({
      ok: false,
      error: { kind: "workers", message: "http-1: Model checksum mismatch" },
    });
    expect(servingRun(fake.state)).toBe("r1");
  });

  test("a worker that does not follow in time takes it back, too", async () => {
    const { promote, fake } = setUp();
    fake.workers = () => [{ worker: "http-0", version: 0, error: null }];
    expect(await promote("r1")).toEqual({
      ok: false,
      error: { kind: "workers", message: "http-0 did not follow in time" },
    });
    expect(servingRun(fake.state)).toBeNull();
  });

  test("rolls back to the run before, and forth again; the target passes the gates first", async () => {
    const { promote, registry, settled, fake } = setUp();
    const rollback = () => settled((deadline) => registry.rollback({ slot: "blue", actor: "t" }, deadline));
    expect(await rollback()).toEqual({ ok: false, error: { kind: "no_backup", slot: "blue" } });
    await promote("r1", "blue");
    await promote("r2", "blue");
    expect((await rollback()).ok && servingRun(fake.state)).toBe("r1");
    fake.evidence.set("r2", { ...soundRun(), artifactSha256: null });
    expect(await rollback()).toMatchObject({ ok: false, error: { kind: "gate" } });
    expect(servingRun(fake.state)).toBe("r1");
  });

  test("a shadow keeps its rollout when a new one is loaded, and leaves when it is promoted", async () => {
    const { registry, settled, fake } = setUp();
    const load = (runId: string, rollout: number | null) =>
      settled((deadline) => registry.loadShadow({ runId, rollout, actor: "t" }, deadline));
    expect(await load("r1", 0.05)).toEqual({ ok: true, value: { runId: "r1", rollout: 0.05 } });
    expect(await load("r2", null)).toEqual({ ok: true, value: { runId: "r2", rollout: 0.05 } });
    expect(await settled((d) => registry.setRollout(0.5, "t", d))).toMatchObject({ value: { rollout: 0.5 } });
    expect((await settled((d) => registry.promoteShadow("t", d))).ok).toBe(true);
    expect([servingRun(fake.state), fake.state.shadow]).toEqual(["r2", null]);
    expect(await settled((d) => registry.promoteShadow("t", d))).toEqual({
      ok: false,
      error: { kind: "no_shadow" },
    });
  });

  test("a shadow that cannot be loaded leaves the one before", async () => {
    const { registry, settled, fake } = setUp();
    await settled((d) => registry.loadShadow({ runId: "r1", rollout: 0.1, actor: "t" }, d));
    failing(fake);
    expect((await settled((d) => registry.loadShadow({ runId: "r2", rollout: 1, actor: "t" }, d))).ok).toBe(
      false,
    );
    expect(fake.state.shadow).toEqual({ runId: "r1", rollout: 0.1 });
  });
});

/** The registry as files: what they hold after each change, and that a change stands without them. */

import { describe, expect, test } from "bun:test";
import { Deadline } from "../../../src/core/deadline.ts";
import { shownRuns } from "../../../src/models/policy-mirrors.ts";
import { createRegistry } from "../../../src/models/registry.ts";
import type { SlotName } from "../../../src/models/slots.ts";
import { fakeRegistry } from "../../support/fakes/registry.ts";
import { manualClock } from "../../support/manual-clock.ts";

function setUp() {
  const clock = manualClock(Date.UTC(2026, 0, 1));
  const fake = fakeRegistry(["r1", "r2", "r3"]);
  const failures: string[] = [];
  const disk = { isFull: false };
  const registry = createRegistry({
    ...fake,
    mirrors: {
      ...fake.mirrors,
      async write(files) {
        if (disk.isFull) throw new Error("no space left");
        await fake.mirrors.write(files);
      },
    },
    mirrorsFailed: ({ message }) => void failures.push(message),
    clock,
  });
  const soon = () => Deadline.after(60_000, clock);
  const promote = (runId: string, slot: SlotName = "default") =>
    registry.promote({ runId, slot, activate: null, actor: "t" }, soon());
  const rollback = (slot: SlotName) => registry.rollback({ slot, actor: "t" }, soon());
  return { fake, failures, disk, promote, rollback };
}

describe("after a change the files", () => {
  test("of the default slot show what serves and what served before", async () => {
    const { fake, promote } = setUp();
    await promote("r1");
    await promote("r2");
    expect(Object.fromEntries(fake.files)).toEqual({
      "decision_policy.json": { run_id: "r2" },
      "decision_policy.previous.json": { run_id: "r1" },
      "latest.json": {
        run_id: "r2",
        updated_at: "2026-01-01T00:00:00.000Z",
        decision_policy: "runs/r2/decision_policy.json",
        promoted: true,
        slot: "default",
      },
    });
  });

  test("say which colour is active, until it is taken back", async () => {
    const { fake, promote, rollback } = setUp();
    await promote("r1", "blue");
    await promote("r2", "green");
    await promote("r3", "green");
    expect([...fake.files.keys()].sort()).toEqual([
      "active_slot.json",
      "decision_policy.blue.json",
      "decision_policy.green.json",
      "decision_policy.green.previous.json",
      "latest.json",
    ]);
    expect(fake.files.get("active_slot.json")).toEqual({ active_slot: "green" });
    await rollback("green");
    expect(fake.files.get("decision_policy.green.json")).toEqual({ run_id: "r2" });
    expect(fake.files.get("latest.json")).toMatchObject({ run_id: "r2", rolled_back: true, slot: "green" });
  });

  test("stay as they were when the workers could not follow", async () => {
    const { fake, promote } = setUp();
    await promote("r1");
    fake.workers = (version) => [{ worker: "http-0", version, error: "broken" }];
    await promote("r2");
    expect(fake.files.get("latest.json")).toMatchObject({ run_id: "r1" });
  });

  test("may be missing, and the change stands", async () => {
    const { fake, failures, disk, promote } = setUp();
    disk.isFull = true;
    expect(await promote("r1")).toMatchObject({ ok: true, value: { runId: "r1" } });
    expect([failures, fake.files.size]).toEqual([["no space left"], 0]);
  });
});

test("model_registry.json has the newest run as the current one, and 19 before it", () => {
  const run = (n: number) => ({
    runId: `run-${n}`,
    strategy: "ease_rules_blend",
    createdAtMs: Date.UTC(2026, 0, 1) - n,
    artifactUri: `runs/run-${n}/bundle.bin`,
    artifactSha256: "a".repeat(64),
    policyVersion: "1.0.0",
    params: { ease_lambda: n },
    metrics: { validation: n },
  });
  const { current, history } = shownRuns(Array.from({ length: 30 }, (_, n) => run(n)));
  expect(current).toEqual({
    run_id: "run-0",
    artifact_uri: "runs/run-0/bundle.bin",
    logged_at: "2026-01-01T00:00:00.000Z",
    artifacts: [{ name: "bundle.bin", sha256: "a".repeat(64) }],
    params: { ease_lambda: 0 },
    metrics: { validation: 0 },
  });
  expect(history.map(({ run_id }) => run_id)).toEqual(Array.from({ length: 19 }, (_, n) => `run-${n + 1}`));
  expect(shownRuns([])).toEqual({ current: null, history: [] });
});

import { describe, expect, test } from "bun:test";
import { type Installed, ModelFollower } from "../../../src/actors/model-follower.ts";
import type { WorkerReport } from "../../../src/models/ports.ts";
import { promote } from "../../../src/models/slots.ts";
import { type LogLine, recordingLog } from "../../support/fakes/http-services.ts";
import { fakeRegistry } from "../../support/fakes/registry.ts";
import { manualClock } from "../../support/manual-clock.ts";

function setUp() {
  const clock = manualClock();
  const fake = fakeRegistry();
  const installed: Installed<string>[] = [];
  const reports: WorkerReport[] = [];
  const lines: LogLine[] = [];
  const broken = new Map<string, string>();
  const loads: string[] = [];
  const kept: (readonly string[])[] = [];
  const most = { models: 2 };
  const store = { away: false };
  const follower = new ModelFollower<string>({
    worker: "http-0",
    store: {
      async state(deadline) {
        if (store.away) throw new Error("no store");
        return fake.store.state(deadline);
      },
      report: async (report) => void reports.push(report),
    },
    async load(runId) {
      loads.push(runId);
      const problem = broken.get(runId);
      if (problem) throw new Error(problem);
      return `model of ${runId}`;
    },
    problemOf: (held) => (held.length > most.models ? `no room for ${held.length} models` : null),
    keep: (runIds) => void kept.push(runIds),
    install: (models) => void installed.push(models),
    clock,
    log: recordingLog(lines),
  });
  const move = (runId: string) => {
    const { state } = promote(fake.state, "default", runId, null);
    fake.state = { ...fake.state, ...state, version: fake.state.version + 1 };
  };
  const shadow = (runId: string, rollout: number) => {
    fake.state = { ...fake.state, shadow: { runId, rollout }, version: fake.state.version + 1 };
  };
  return { clock, fake, store, follower, installed, reports, lines, broken, loads, kept, most, move, shadow };
}

describe("a follower", () => {
  test("installs the built-in policy on a fresh install and says so", async () => {
    const { follower, installed, reports } = setUp();
    await follower.start();
    expect(installed).toEqual([{ primary: null, shadow: null }]);
    expect(reports).toEqual([{ worker: "http-0", version: 0, error: null }]);
  });

  test("refuses what takes too much together, serves on, and keeps nothing else", async () => {
    const { follower, installed, reports, clock, kept, most, move, shadow } = setUp();
    await follower.start();
    move("r1");
    await clock.advance(1_100);
    most.models = 1;
    shadow("r2", 0.5);
    await clock.advance(1_100);
    expect(installed.at(-1)?.shadow).toBeNull();
    expect(reports.at(-1)?.error).toBe("no room for 2 models");
    expect(kept.at(-1)).toEqual(["r1"]);
    most.models = 2;
    await clock.advance(11_000);
    expect([installed.at(-1)?.shadow?.runId, kept.at(-1)]).toEqual(["r2", ["r1", "r2"]]);
  });

  test("follows a promotion within two seconds, and loads each run once", async () => {
    const { follower, installed, loads, clock, move, shadow } = setUp();
    await follower.start();
    move("r1");
    await clock.advance(1_100);
    expect(installed.at(-1)?.primary).toEqual({ slot: "default", runId: "r1", run: "model of r1" });
    shadow("r2", 0.1);
    await clock.advance(1_100);
    shadow("r2", 0.2);
    await clock.advance(1_100);
    expect(installed.at(-1)).toMatchObject({
      primary: { runId: "r1" },
      shadow: { runId: "r2", rollout: 0.2 },
    });
    expect(loads).toEqual(["r1", "r2"]);
  });

  test("a new generation is read anew", async () => {
    const { follower, loads, clock, move, fake } = setUp();
    move("r1");
    await follower.start();
    const { version, generation } = fake.state;
    fake.state = { ...fake.state, version: version + 1, generation: generation + 1 };
    await clock.advance(1_100);
    expect(loads).toEqual(["r1", "r1"]);
  });

  test("what cannot be loaded changes nothing, is reported with its version, and is tried again later", async () => {
    const { follower, installed, reports, clock, move, broken, loads, lines } = setUp();
    move("r1");
    await follower.start();
    broken.set("r2", "Model checksum mismatch");
    move("r2");
    await clock.advance(5_000);
    expect(installed.at(-1)?.primary?.runId).toBe("r1");
    expect(reports.at(-1)).toEqual({ worker: "http-0", version: 2, error: "Model checksum mismatch" });
    expect([follower.failure, loads.filter((run) => run === "r2").length]).toEqual([
      "Model checksum mismatch",
      1,
    ]);
    broken.clear();
    await clock.advance(11_000);
    expect([follower.failure, installed.at(-1)?.primary?.runId]).toEqual([null, "r2"]);
    expect(lines.filter(({ event }) => event === "model.refused")).toHaveLength(1);
  });

  test("primary and shadow come together or not at all", async () => {
    const { follower, installed, clock, move, shadow, broken } = setUp();
    await follower.start();
    broken.set("bad", "broken");
    shadow("bad", 1);
    move("r1");
    await clock.advance(3_000);
    expect(installed).toEqual([{ primary: null, shadow: null }]);
  });

  test("after a start what is promoted serves without the shadow that cannot be loaded, which is tried again", async () => {
    const { follower, installed, reports, clock, move, shadow, broken } = setUp();
    move("r1");
    shadow("bad", 0.5);
    broken.set("bad", "broken");
    await follower.start();
    await clock.advance(11_000);
    expect(installed).toEqual([
      { primary: { slot: "default", runId: "r1", run: "model of r1" }, shadow: null },
    ]);
    expect([follower.failure, reports.at(-1)?.error]).toEqual([null, "broken"]);
    broken.clear();
    await clock.advance(11_000);
    expect(installed.at(-1)).toMatchObject({ primary: { runId: "r1" }, shadow: { runId: "bad" } });
    expect(reports.at(-1)?.error).toBeNull();
  });

  test("after a start a primary that cannot be loaded is told, with a shadow or without", async () => {
    const { follower, installed, move, shadow, broken } = setUp();
    move("bad");
    shadow("r2", 0.5);
    broken.set("bad", "broken");
    await follower.start();
    expect([follower.failure, installed]).toEqual(["broken", []]);
  });

  test("a reload that fails is reported, and no failure of what is promoted: that serves on", async () => {
    const { follower, reports, clock, move, broken, fake } = setUp();
    move("r1");
    await follower.start();
    broken.set("r1", "Model checksum mismatch");
    const { version, generation } = fake.state;
    fake.state = { ...fake.state, version: version + 1, generation: generation + 1 };
    await clock.advance(1_100);
    expect([follower.failure, reports.at(-1)?.error]).toEqual([null, "Model checksum mismatch"]);
  });

  test("while the store is away what serves goes on, and is followed again afterwards", async () => {
    const { follower, installed, clock, move, store } = setUp();
    await follower.start();
    move("r1");
    store.away = true;
    await clock.advance(5_000);
    expect(installed).toHaveLength(1);
    store.away = false;
    await clock.advance(1_100);
    expect(installed.at(-1)?.primary?.runId).toBe("r1");
  });

  test("asks nothing any more once it is closed", async () => {
    const { follower, clock, reports } = setUp();
    await follower.start();
    await follower[Symbol.asyncDispose]();
    const before = reports.length;
    await clock.advance(10_000);
    expect(reports).toHaveLength(before);
  });
});

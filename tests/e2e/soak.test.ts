/** `reco soak` as people run it: random kills and freezes of the compiled program, and a verdict. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SoakReport } from "../../src/cli/soak/report.ts";
import { eventually } from "../support/eventually.ts";
import { kafkaMissing, startKafka } from "../support/kafka/broker.ts";
import { pidsOf } from "../support/own-processes.ts";
import { runReco } from "../support/run-reco.ts";

/** Two minutes where everything is proved; less while somebody waits for it. */
const DURATION_SEC = process.env["CI"] === "true" ? 120 : 30;
const SEED = "20261130";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "reco-soak-test-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** In a temporary folder of its own, so that what is left of it can be told. */
async function soak(env: Record<string, string>, durationSec: number): Promise<SoakReport> {
  const path = join(cwd, "report.json");
  const args = ["soak", "--seed", SEED, "--duration", `${durationSec}s`, "--report", path];
  const ended = await runReco(args, { form: "binary", cwd, env: { TMPDIR: cwd, ...env } });
  if (ended.code !== 0) throw new Error(`soak ended with ${ended.code}\n${ended.err}\n${ended.out}`);
  const report = JSON.parse(readFileSync(path, "utf8"));
  expect(JSON.parse(ended.out)).toEqual(report);
  return report;
}

function expectClean(report: SoakReport, durationSec: number): void {
  expect(report).toMatchObject({
    seed: Number(SEED),
    duration_sec: durationSec,
    requests: { fail: 0 },
    checks: { acknowledged_lost: 0, double_effects: 0, order_inversions: 0, unexpected: 0 },
    clean: true,
  });
  expect(report.commit).toMatch(/^[0-9a-f]{40}(-dirty)?$|^unknown$/);
  expect(report.fault_log.length).toBeGreaterThan(durationSec / 6);
  expect(report.events.acknowledged).toBeGreaterThan(durationSec * 10);
  expect(report.events.log_records).toBeGreaterThan(durationSec * 5);
}

test(
  "random kills, freezes and ends of processes lose, double and reorder nothing, and leave nothing behind",
  async () => {
    const report = await soak({}, DURATION_SEC);
    expectClean(report, DURATION_SEC);
    expect(report.event_log).toBe("embedded");
    expect(readdirSync(cwd)).toEqual(["report.json"]);
    await eventually(() => expect(pidsOf(cwd)).toEqual([]));
  },
  (DURATION_SEC + 300) * 1_000,
);

const missing = kafkaMissing();

describe.skipIf(missing !== null)(`on three brokers${missing === null ? "" : ` (${missing})`}`, () => {
  test("F22: leaders that die and freeze one after another lose, double and reorder nothing", async () => {
    await using kafka = await startKafka({ brokers: 3 });
    const env = {
      KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap,
      KAFKA_TOPIC_REPLICATION: "3",
      KAFKA_REQUEST_TIMEOUT_MS: "5000",
    };
    let over = false;
    const breaking = (async () => {
      // Each is the leader of some partitions, and one of them that of the group.
      for (let turn = 0; !over; turn++) {
        const broker = (turn % 3) + 1;
        await Bun.sleep(6_000);
        if (over) break;
        if (turn % 2 === 0) {
          await kafka.kill(broker);
          await Bun.sleep(4_000);
          await kafka.restart(broker);
        } else {
          await kafka.freeze(broker);
          await Bun.sleep(4_000);
          await kafka.thaw(broker);
        }
      }
    })();
    try {
      const report = await soak(env, 60);
      expectClean(report, 60);
      expect(report.event_log).toBe("kafka");
    } finally {
      over = true;
      await breaking;
    }
  }, 420_000);
});

test.each([[["--duration", "2s"]], [["--duration", "5"]], [["--rate", "0"]], [["--seed", "-1"]]])(
  "%p ends with 64",
  async (args) => {
    const { code, err } = await runReco(["soak", ...args], { cwd });
    expect(code).toBe(64);
    expect(err).toContain(args[0] as string);
  },
);

test("brokers of another machine are refused", async () => {
  const env = { KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:9092,broker.example:9092" };
  const { code, err } = await runReco(["soak"], { cwd, env });
  expect(code).toBe(78);
  expect(err).toContain("broker.example:9092");
});

test("an interrupted run judges nothing and leaves nothing behind", async () => {
  const path = join(cwd, "report.json");
  const running = runReco(["soak", "--seed", "1", "--duration", "1m", "--report", path], {
    form: "binary",
    cwd,
    env: { TMPDIR: cwd },
    onStart: (child) => {
      void eventually(() => expect(pidsOf(cwd).length).toBeGreaterThan(6), { timeoutMs: 60_000 }).then(() =>
        child.kill("SIGINT"),
      );
    },
  });
  const { code, err } = await running;
  expect(code).toBe(1);
  expect(err).toContain("interrupted");
  expect(readdirSync(cwd)).toEqual([]);
  await eventually(() => expect(pidsOf(cwd)).toEqual([]));
}, 120_000);

/** The compiled program with KAFKA_DRIVER=confluent: events go through, whatever dies, or it says at once what is missing. */

import { describe, expect, test } from "bun:test";
import { linkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { CONFLUENT_MODULES, confluentMissing } from "../support/confluent.ts";
import { temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf } from "../support/freeze.ts";
import { expectNothingLost } from "../support/history-check.ts";
import { kafkaMissing, startKafka } from "../support/kafka/broker.ts";
import { Load } from "../support/load.ts";
import { program } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { Tree } from "../support/tree.ts";

const EXIT_CONFIG = 78;
const missing = kafkaMissing() ?? confluentMissing();
const settings = { KAFKA_DRIVER: "confluent", KAFKA_BOOTSTRAP_SERVERS: "127.0.0.1:1" };

describe.skipIf(missing !== null)(`by Confluent's client${missing === null ? "" : ` (${missing})`}`, () => {
  test("nothing that was acknowledged is lost when Node children and the broker are killed", async () => {
    await using kafka = await startKafka();
    const dataDir = temporaryDir("confluent");
    symlinkSync(CONFLUENT_MODULES, join(dataDir, "node_modules"));
    const env = { ...settings, KAFKA_BOOTSTRAP_SERVERS: kafka.bootstrap, KAFKA_REQUEST_TIMEOUT_MS: "5000" };
    await using tree = await Tree.start({ form: "binary", dataDir, env });
    const acknowledged = (load: Load, more: number) => {
      const wanted = load.acknowledged.length + more;
      return eventually(() => expect(load.acknowledged.length).toBeGreaterThan(wanted), {
        timeoutMs: 45_000,
      });
    };
    await using load = new Load(tree, { workers: 2 });
    await acknowledged(load, 200);

    for (const actor of tree.actors().filter(({ id }) => id === "relay" || id === "consumer-0")) {
      for (const pid of childrenOf(actor.pid ?? 0)) process.kill(pid, "SIGKILL");
    }
    await acknowledged(load, 200);
    await kafka.kill();
    await acknowledged(load, 100);
    // A broker that starts beside a load wants a minute of two cores; what was acknowledged during its outage matters.
    await load.stop();
    await kafka.restart();
    await using later = new Load(tree, { workers: 2, prefix: "later" });
    await acknowledged(later, 100);
    await later.stop();

    expect([...load.troubles("watch"), ...later.troubles("watch")]).toEqual([]);
    const all = [...load.acknowledged, ...later.acknowledged];
    await eventually(() => expectNothingLost(tree, all), { timeoutMs: 120_000, intervalMs: 500 });
  }, 300_000);

  test("finds the client beside the program", async () => {
    const folder = temporaryDir("beside");
    const [binary = ""] = program("binary");
    linkSync(binary, join(folder, "reco"));
    symlinkSync(CONFLUENT_MODULES, join(folder, "node_modules"));
    const doctor = Bun.spawnSync([join(folder, "reco"), "doctor"], {
      cwd: temporaryDir("elsewhere"),
      env: { PATH: process.env["PATH"] ?? "", ...settings },
    });
    expect(doctor.stdout.toString()).toMatch(/ok +kafka_client +Node runs Confluent's client/);
  }, 120_000);
});

describe("without what Confluent's client needs, reco does not start", () => {
  test("where there is no Node", async () => {
    const folder = temporaryDir("no-node");
    const { code, err } = await runReco(["serve"], {
      form: "binary",
      cwd: folder,
      env: { ...settings, PATH: folder, PORT: "0" },
    });
    expect({ code, err }).toEqual({ code: EXIT_CONFIG, err: expect.stringContaining("Node not found") });
  }, 120_000);

  test.skipIf(Bun.which("node") === null)(
    "where the package is not installed, and says where it belongs",
    async () => {
      const folder = temporaryDir("no-client");
      const { code, err } = await runReco(["serve"], {
        form: "binary",
        cwd: folder,
        env: { ...settings, PORT: "0" },
      });
      expect(code).toBe(EXIT_CONFIG);
      expect(err).toContain("package @confluentinc/kafka-javascript not found or its addon does not load");
      expect(err).toContain(`${folder}/node_modules`);
    },
    120_000,
  );
});

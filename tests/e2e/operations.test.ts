/** What an operator asks: status, doctor, healthcheck, config. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DoctorReport } from "../../src/cli/doctor/examine.ts";
import type { StatusReport } from "../../src/cli/status/report.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/ports.ts";
import { FORMS } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { Tree } from "../support/tree.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "reco-operations-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const statusOf = ({ checks }: DoctorReport, name: string) =>
  checks.filter((check) => check.name === name).map(({ status }) => status);

describe("a machine on which nothing runs", () => {
  const free = () => ({ PORT: String(freePort()), METRICS_PORT: String(freePort()) });

  test.each(FORMS)("passes the doctor of the %s, who leaves nothing behind", async (form) => {
    const temporary = join(dir, "tmp");
    mkdirSync(temporary);
    const { code, out } = await runReco(["doctor"], {
      form,
      cwd: dir,
      env: { ...free(), TMPDIR: temporary },
    });
    expect(out).toMatch(/, 0 failed\n$/);
    expect(out).toMatch(/ok +embedded_binaries /);
    expect(code).toBe(0);
    expect(readdirSync(dir, { recursive: true })).toEqual(["tmp"]);
  });

  test("has no status and no health", async () => {
    const status = await runReco(["status"], { cwd: dir });
    expect(status.code).toBe(1);
    expect(status.err).toContain(`no reco runs on ${join(dir, ".reco")}`);
    const json = await runReco(["status", "--json"], { cwd: dir });
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toEqual({ running: false, data_dir: join(dir, ".reco") });
    expect((await runReco(["healthcheck"], { cwd: dir })).code).toBe(1);
  });

  test("is told every problem of its configuration at once, and no secret", async () => {
    const env = { DATABASE_URL: "mysql://u:geheim@h/d", RATE_LIMIT_BACKEND: "redis", RECO_ROLES: "cook" };
    const { code, out, err } = await runReco(["doctor", "--json"], { cwd: dir, env });
    expect(code).toBe(1);
    const report = JSON.parse(out) as DoctorReport;
    expect(statusOf(report, "configuration")).toEqual(["fail", "fail", "fail"]);
    expect(out + err).not.toContain("geheim");
    const check = await runReco(["config", "check"], { cwd: dir, env });
    expect(check.code).toBe(78);
    for (const name of Object.keys(env)) expect(check.err).toContain(name);
  });

  // Bun itself reads a .env beside the sources; the program as it ships leaves that to reco.
  test("reads the env file that is named instead of .env, and prints what is in force", async () => {
    writeFileSync(join(dir, ".env"), "FACT_RETENTION_DAYS=1\n");
    writeFileSync(join(dir, "other.env"), "DS_API_KEY=geheim\nAPI_TITLE=From the file\n");
    const env = free();
    const doctor = (...args: string[]) => runReco(["doctor", ...args], { form: "binary", cwd: dir, env });
    expect(statusOf(JSON.parse((await doctor("--json")).out), "retention")).toEqual(["fail"]);
    const { code, out } = await doctor("--config", "other.env");
    expect(code).toBe(0);
    expect(out).toMatch(/API_TITLE +file +From the file/);
    expect(out).toMatch(/DS_API_KEY +file +\*\*\*/);
    expect(out).not.toContain("geheim");
    const none = await doctor("--config", "none.env");
    expect(none.code).toBe(1);
    expect(none.out).toContain("none.env");
  });

  test("writes the report where it is asked to, also when a check failed", async () => {
    const path = join(dir, "report.json");
    const url = "postgres://reco:geheim@127.0.0.1:1/reco";
    const env = { ...free(), DATABASE_URL: url };
    const { code, out } = await runReco(["doctor", "--output-json", path], { cwd: dir, env });
    expect(code).toBe(1);
    const text = readFileSync(path, "utf8");
    const report = JSON.parse(text) as DoctorReport;
    expect(statusOf(report, "store_reachable")).toEqual(["fail"]);
    expect(report.summary.passed + report.summary.failed + report.summary.warned).toBe(report.checks.length);
    expect(out).toContain("postgres://reco:***@127.0.0.1:1/reco");
    expect(out + text).not.toContain("geheim");
  });

  test("is not held up by a database or a server that says nothing", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" && address ? address.port : 0;
    try {
      const env = { ...free(), DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/d` };
      const { code, out } = await runReco(["doctor", "--json"], { cwd: dir, env });
      expect(code).toBe(1);
      expect(statusOf(JSON.parse(out), "store_reachable")).toEqual(["fail"]);
      const health = await runReco(["healthcheck", "--url", `http://127.0.0.1:${port}`], { cwd: dir });
      expect(health.code).toBe(1);
      expect(health.err).toContain("no answer within 2000 ms");
    } finally {
      silent.close();
    }
  });
});

describe("a running tree", () => {
  test("shows its actors, their deaths and its end, and is found healthy in between", async () => {
    await using tree = await Tree.start();
    const env = { RECO_DATA_DIR: tree.dataDir };
    const run = (...args: string[]) => runReco(args, { cwd: dir, env });
    const status = async () => JSON.parse((await run("status", "--json")).out) as StatusReport;

    const report = await status();
    expect(report.running).toBe(true);
    expect(report.pid).toBe(tree.process.pid);
    expect(report.roles).toEqual(["http", "relay", "consumer", "monitor", "trainer"]);
    expect(report.ports.http?.port).toBe(tree.port);
    expect(report.store).toMatchObject({ kind: "embedded" });
    expect(JSON.stringify(report.store)).toContain("reco:***@");
    expect(report.outbox).toMatchObject({ dead: 0 });
    expect(typeof report.policy).toBe("string");
    expect(report.actors.find(({ id }) => id === "consumer-0")).toMatchObject({
      state: "running",
      incarnation: 1,
      restarts: 0,
    });
    await eventually(async () => {
      const { lag } = await status();
      expect(lag).toMatchObject({ records: 0, partitions: { length: 16 } });
    });

    process.kill(tree.actor("consumer-0").pid, "SIGKILL");
    await eventually(async () => {
      const actor = (await status()).actors.find(({ id }) => id === "consumer-0");
      expect(actor).toMatchObject({ state: "running", incarnation: 2, restarts: 1 });
    });
    const shown = await run("status");
    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/^consumer-0 +running +process +\d+ +2 +1 /m);
    expect(shown.out.split("\n").filter(({ length }) => length > 80)).toEqual([]);

    const health = await run("healthcheck");
    expect([health.code, health.out]).toEqual([0, `healthy: ${tree.url}/healthz\n`]);
    const named = { RECO_BASE_URL: tree.url, RECO_DATA_DIR: dir };
    expect((await runReco(["healthcheck"], { cwd: dir, env: named })).code).toBe(0);
    expect((await run("healthcheck", "--url", `${tree.url}/nowhere`)).code).toBe(1);
    expect((await run("healthcheck", "--url", "nonsense")).code).toBe(64);

    // As the tree was configured, so that its ports are the ones that are looked at.
    const own = { ...env, PORT: String(tree.port) };
    const doctor = await runReco(["doctor", "--json"], { cwd: dir, env: own });
    const found = JSON.parse(doctor.out) as DoctorReport;
    expect(found.checks.filter((check) => check.status === "fail")).toEqual([]);
    expect(doctor.code).toBe(0);
    for (const name of ["port_http", "embedded_data", "store_reachable", "store_version", "schema"]) {
      expect(statusOf(found, name)).toEqual(["pass"]);
    }

    expect(await tree.stop()).toBe(0);
    expect((await run("status")).code).toBe(1);
    expect((await run("healthcheck")).code).toBe(1);
  }, 120_000);

  test("without the API is healthy by its metrics listener", async () => {
    await using tree = Tree.spawn({ args: ["--roles", "relay,monitor"] });
    const env = { RECO_DATA_DIR: tree.dataDir };
    await eventually(
      async () => {
        const { code, out } = await runReco(["healthcheck"], { cwd: dir, env });
        expect(out).toContain("/livez");
        expect(code).toBe(0);
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    const { code, out } = await runReco(["status", "--json"], { cwd: dir, env });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ roles: ["relay", "monitor"], policy: null, lag: null });
  }, 120_000);
});

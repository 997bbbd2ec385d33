/** The acceptance tools, in the order of a deployment, against one running tree. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDir } from "../support/embedded.ts";
import { FORMS, ROOT } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { Tree } from "../support/tree.ts";

const TIMEOUT_MS = 120_000;
const MIGRATIONS = join(ROOT, "migrations");
const FILES = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith(".sql"))
  .sort();

describe.each(FORMS)("a running tree and the tools of the %s", (form) => {
  let tree: Tree;
  let dir: string;
  const reco = (...args: string[]) =>
    runReco(args, { form, cwd: dir, env: { RECO_BASE_URL: tree.url, RECO_DATA_DIR: tree.dataDir } });

  beforeAll(async () => {
    dir = temporaryDir("acceptance");
    // On a busy machine the usual deadline makes the tree refuse part of the load.
    tree = await Tree.start({ form, env: { RECO_DEADLINE_MS: "10000" } });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await tree?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true });
  }, TIMEOUT_MS);

  test(
    "smoke-stack passes, and prints what it writes",
    async () => {
      const { code, out } = await reco("smoke-stack", "--timeout-sec", "10", "--output-json", "smoke.json");
      expect(JSON.parse(out)).toEqual({
        timestamp_ms: expect.any(Number),
        checks: {
          readyz: "pass",
          seed_events: "pass",
          reco_traffic: "pass",
          watch_traffic: "pass",
          watch_idempotency: "pass",
          outbox_settled: "pass",
          reco_metrics_samples: "pass",
        },
        traffic: { reco_ok: 30, watch_ok: expect.any(Number), empty_reco: expect.any(Number) },
        seeded_events: 50,
        outbox_snapshot: expect.objectContaining({ pending: 0, publishing: 0, dead: 0 }),
        reco_metrics_sample_size: 30,
      });
      expect(readFileSync(join(dir, "smoke.json"), "utf8")).toBe(out);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test.each([
    ["a closed loop", []],
    ["an open loop", ["--rate", "400"]],
  ])(
    "load-reco measures in %s",
    async (kind, more) => {
      const args = ["--requests", "400", "--concurrency", "20", "--warmup", "50", "--timeout-sec", "20"];
      const written = ["--autolog-impressions", "--output-json", "load.json"];
      const { code, out } = await reco("load-reco", ...args, ...written, ...more);
      expect(out).toContain(`[load] ${kind.replace(/^an? /, "")}: 400 requests`);
      expect(out).toContain("[load] 400 of 400 requests, 0 failed");
      const text = readFileSync(join(dir, "load.json"), "utf8");
      expect(out).toEndWith(`\n${text}`);
      expect(
        out
          .slice(0, -text.length)
          .trimEnd()
          .split("\n")
          .every((line) => line.startsWith("[load] ")),
      ).toBe(true);
      const report = JSON.parse(text);
      const perTarget = (value: unknown) => ({
        reco_p95_ms: value,
        reco_p99_ms: value,
        api_error_rate_pct: value,
      });
      expect(report).toEqual({
        timestamp_ms: expect.any(Number),
        config: {
          base_url: tree.url,
          requests: 400,
          concurrency: 20,
          k: 20,
          timeout_sec: 20,
          warmup: 50,
          autolog_impressions: true,
        },
        benchmark_elapsed_sec: expect.any(Number),
        summary: {
          requests_total: 400,
          requests_ok: 400,
          requests_failed: 0,
          error_rate_pct: 0,
          rps: expect.any(Number),
          latency_ms: Object.fromEntries(
            ["p50", "p95", "p99", "mean", "max"].map((name) => [name, expect.any(Number)]),
          ),
          status_codes: { "200": 400 },
          errors: {},
        },
        sla: {
          targets: { reco_p95_ms: 120, reco_p99_ms: 200, api_error_rate_pct: 1 },
          observed: { ...perTarget(expect.any(Number)), api_error_rate_pct: 0 },
          met: { ...perTarget(expect.any(Boolean)), api_error_rate_pct: true },
        },
        contract: expect.objectContaining({ sla_targets: report.sla.targets }),
        reco_metrics_snapshot: expect.objectContaining({ sample_size: expect.any(Number) }),
      });
      expect(report.reco_metrics_snapshot.sample_size).toBeGreaterThanOrEqual(480);
      expect(code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    "check-guardrails judges what the tree answers",
    async () => {
      const bodies = {
        "baseline-kpi.json": "/analytics/baseline?days=1",
        "contract.json": "/contract",
        "reco-metrics.json": "/metrics/reco",
      };
      for (const [name, path] of Object.entries(bodies)) {
        writeFileSync(join(dir, name), await (await tree.get(path)).text());
      }
      const args = ["--min-sla-samples", "1", "--output-json", "guardrails.json"];
      const { code, out, err } = await reco("check-guardrails", ...args);
      const { checks, summary } = JSON.parse(readFileSync(join(dir, "guardrails.json"), "utf8"));
      expect(checks.map((check: { name: string }) => check.name)).toEqual([
        "ctr_at_20_pct",
        "avg_watch_time_sec",
        "catalog_coverage_at_20_pct",
        "reco_p95_ms",
        "reco_p99_ms",
        "api_error_rate_pct",
      ]);
      expect(checks[1]).toEqual({
        name: "avg_watch_time_sec",
        status: "pass",
        observed: 60,
        target: 35,
        comparator: ">=",
        unit: "sec",
      });
      expect(out).toContain("[PASS] avg_watch_time_sec: observed=60 >= target=35 (sec)\n");
      expect(summary).toMatchObject({ unknown: 0, skipped: 0, min_sla_samples: 1 });
      expect(summary.passed + summary.failed).toBe(6);
      expect({ code, err }).toEqual({ code: summary.failed > 0 ? 1 : 0, err: "" });
    },
    TIMEOUT_MS,
  );

  describe("check-migrations", () => {
    const check = async (...args: string[]) => {
      const { code, out, err } = await reco("check-migrations", ...args);
      return { code, err, report: JSON.parse(out) };
    };
    const clean = { code: 0, err: "" };

    test(
      "finds the tree's own database, and no drift",
      async () => {
        const { report, ...end } = await check("--fail-on-pending");
        expect(end).toEqual(clean);
        const summary = { local_count: FILES.length, pending_count: 0, issues_count: 0, status: "ok" };
        expect(report).toMatchObject({ local: { dir: "built-in" }, db: { status: "ok" }, summary });
        expect(report.db.migrations).toEqual(
          report.local.migrations.map((migration: { file: string; checksum: string }) => ({
            version: migration.file,
            checksum: migration.checksum,
          })),
        );
      },
      TIMEOUT_MS,
    );

    test(
      "names the file that was changed, the one that is missing and the one that waits, and changes nothing",
      async () => {
        const folder = join(dir, "migrations");
        mkdirSync(folder);
        const [first = "", second = "", ...others] = FILES;
        for (const name of [first, ...others]) copyFileSync(join(MIGRATIONS, name), join(folder, name));
        writeFileSync(join(folder, first), "-- changed\n", { flag: "a" });
        writeFileSync(join(folder, "9999_later.sql"), "create table later ();\n");
        const before = await check();
        const { report, ...end } = await check(
          "--migrations-dir",
          folder,
          "--output-json",
          "migrations.json",
        );
        expect(end).toEqual({ code: 1, err: "" });
        expect(report).toMatchObject({
          local: { dir: folder, issues: [] },
          db: { status: "ok", issues: [] },
          comparison: {
            pending: ["9999_later.sql"],
            issues: [
              `applied but missing locally: ${second}`,
              `checksum drift: ${first} was changed after it was applied`,
            ],
          },
          summary: { local_count: FILES.length, pending_count: 1, issues_count: 2, status: "failed" },
        });
        expect(JSON.parse(readFileSync(join(dir, "migrations.json"), "utf8"))).toEqual(report);
        expect(await check()).toEqual(before);
      },
      TIMEOUT_MS,
    );
  });
});

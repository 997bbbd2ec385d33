/** How the acceptance tools end when what they look at is wrong: with a report, a message and the right code. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testDatabase } from "../support/databases.ts";
import { temporaryDir } from "../support/embedded.ts";
import { type Answerer, fakeReco, rawServer } from "../support/fake-reco.ts";
import { runReco } from "../support/run-reco.ts";

const TIMEOUT_MS = 60_000;
const COMMANDS = ["smoke-stack", "load-reco", "check-guardrails", "check-migrations"];

let dir: string;
beforeEach(() => {
  dir = temporaryDir("acceptance");
});
afterEach(() => rmSync(dir, { recursive: true }));

const reco = (args: readonly string[], env: Record<string, string> = {}) => runReco(args, { cwd: dir, env });

describe.each(COMMANDS)("reco %s", (command) => {
  test("explains itself", async () => {
    const { code, out } = await reco([command.replace("-", "_"), "--help"]);
    expect(out).toStartWith(`Usage: reco ${command} [options]`);
    expect(out).toContain("--output-json <path>");
    expect(code).toBe(0);
  });

  test("ends an unknown flag as bad usage", async () => {
    expect((await reco([command, "--fast"])).code).toBe(64);
  });
});

describe("smoke-stack", () => {
  test(
    "writes its report although the server never comes",
    async () => {
      const { url, ...server } = rawServer(() => {});
      server[Symbol.dispose]();
      const { code, out, err } = await reco(
        ["smoke-stack", "--ready-timeout-sec", "0.3", "--poll-sec", "0.1", "--output-json", "smoke.json"],
        { RECO_BASE_URL: url },
      );
      expect(code).toBe(1);
      expect(new Set(Object.values(JSON.parse(out).checks))).toEqual(new Set(["fail"]));
      expect(readFileSync(join(dir, "smoke.json"), "utf8")).toBe(out);
      expect(err).toStartWith("[FAIL] readyz: not ready within 0.3 s: ECONNREFUSED\n");
      expect(err).not.toContain("    at ");
    },
    TIMEOUT_MS,
  );

  test(
    "shows the key of the environment, a flag's server before that of the environment, and ends 0",
    async () => {
      using server = fakeReco();
      const env = { RECO_BASE_URL: "http://127.0.0.1:1", DS_API_KEY: "new,old", APP_ENV: "production" };
      const { code } = await reco(["smoke-stack", "--base-url", server.url], env);
      expect(code).toBe(0);
      const keys = new Map(server.seen.map(({ line, apiKey }) => [line.split("?")[0], apiKey]));
      expect(Object.fromEntries(keys)).toEqual({
        "GET /readyz": null,
        "POST /event": "new",
        "GET /reco": "new",
        "POST /log/watch": "new",
        "GET /healthz": null,
        "GET /metrics/reco": "new",
      });
    },
    TIMEOUT_MS,
  );

  test("does not start without a server's address", async () => {
    const { code, err } = await reco(["smoke-stack", "--base-url", "localhost"]);
    expect({ code, err }).toEqual({
      code: 64,
      err: '--base-url: "localhost" is not the http URL of a server\n',
    });
  });
});

describe("load-reco", () => {
  const load = async (overrides: Record<string, Answerer>, ...args: string[]) => {
    using server = fakeReco(overrides);
    const few = ["--requests", "20", "--concurrency", "4", "--warmup", "0", "--timeout-sec", "0.5"];
    const { code, out, err } = await reco(["load-reco", ...few, ...args], { RECO_BASE_URL: server.url });
    const report = JSON.parse(out.slice(out.indexOf("\n{\n")));
    return { code, err, report, seen: server.seen };
  };
  let answered: number;
  const failing = (share: number) => () =>
    answered++ % 20 < share
      ? Response.json({ error_code: "overloaded" }, { status: 503 })
      : Response.json({ request_id: "r", items: [] });
  beforeEach(() => {
    answered = 0;
  });
  const impossible = () =>
    Response.json({ sla_targets: { reco_p95_ms: 0, reco_p99_ms: 1e6, api_error_rate_pct: 50 } });

  test.each([
    ["10 % errors", 2, [], 0],
    ["more than 10 % errors", 3, [], 2],
    ["a missed target", 0, [], 0],
    ["a missed target that is enforced", 0, ["--enforce-sla"], 3],
    ["more than 10 % errors and a missed target", 3, ["--enforce-sla"], 2],
  ])(
    "with %s ends accordingly",
    async (_, share, args, expected) => {
      const { code, report } = await load({ "/reco": failing(share), "/contract": impossible }, ...args);
      expect(code).toBe(expected);
      expect(report.summary).toMatchObject({ requests_total: 20, error_rate_pct: share * 5 });
      expect(report.sla.met).toEqual({ reco_p95_ms: false, reco_p99_ms: true, api_error_rate_pct: true });
    },
    TIMEOUT_MS,
  );

  test(
    "counts a server that stalls as transport failure, and says what it could not learn",
    async () => {
      const { code, report, err } = await load({
        "/reco": () => new Response(new ReadableStream({ start: (stream) => stream.enqueue("{") })),
        "/contract": () => new Response("<html>"),
        "/metrics/reco": () => Response.json({}, { status: 500 }),
      });
      expect({ code, err }).toEqual({ code: 2, err: "" });
      expect(report).toMatchObject({
        summary: { requests_failed: 20, status_codes: { "0": 20 }, errors: { "no answer within 0.5 s": 20 } },
        sla: { met: { reco_p95_ms: null, reco_p99_ms: null, api_error_rate_pct: null } },
        contract: { error: "HTTP 200, but the body is not valid JSON" },
        reco_metrics_snapshot: { error: "HTTP 500" },
      });
    },
    TIMEOUT_MS,
  );

  test(
    "cannot miss targets that nobody names, and says so",
    async () => {
      const { code, err } = await load({ "/contract": () => Response.json({}) }, "--enforce-sla");
      expect(code).toBe(0);
      expect(err).toBe("the contract names no target for reco_p95_ms, reco_p99_ms, api_error_rate_pct\n");
    },
    TIMEOUT_MS,
  );

  test(
    "asks for random users and sessions, with autolog only on demand",
    async () => {
      const { seen } = await load({});
      const queries = seen.flatMap(({ line }) =>
        line.startsWith("GET /reco?") ? [new URLSearchParams(line.slice(10))] : [],
      );
      expect(queries).toHaveLength(20);
      for (const query of queries) {
        expect(query.get("user_id")).toMatch(/^load-user-([1-9]\d{0,3})$/);
        expect(query.get("session_id")).toMatch(/^session-[1-9]\d{0,5}$/);
        expect([query.get("k"), query.get("x_autolog_impressions")]).toEqual(["20", "false"]);
      }
      expect(new Set(queries.map((query) => query.get("session_id"))).size).toBeGreaterThan(10);
    },
    TIMEOUT_MS,
  );
});

describe("check-guardrails", () => {
  test("ends 1 when files are missing or hold garbage, with every check in the report", async () => {
    writeFileSync(join(dir, "contract.json"), "{");
    mkdirSync(join(dir, "reco-metrics.json"));
    const { code, out, err } = await reco(["check-guardrails", "--output-json", "report.json"]);
    expect(code).toBe(1);
    expect(out).toEndWith("[SUMMARY] passed=0 failed=0 unknown=5 skipped=0 min_sla_samples=100\n");
    expect(JSON.parse(readFileSync(join(dir, "report.json"), "utf8")).checks).toHaveLength(5);
    expect(err).toContain("baseline-kpi.json");
    expect(err).toContain("contract.json: not valid JSON\n");
    expect(err).not.toContain("    at ");
  });

  test("ends with a message when the report cannot be written", async () => {
    const { code, err } = await reco(["check-guardrails", "--output-json", "none/report.json"]);
    expect(code).toBe(1);
    expect(err).toContain("the report cannot be written");
    expect(err).not.toContain("    at ");
  });
});

describe("check-migrations", () => {
  const check = async (args: readonly string[], env: Record<string, string> = {}) => {
    const { code, out, err } = await reco(["check-migrations", ...args], env);
    return { code, err, out, report: JSON.parse(out) };
  };

  test.each([
    [
      "on demand",
      ["--skip-db-check"],
      { DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" },
      "--skip-db-check is set",
    ],
    ["where none is named", [], {}, "DATABASE_URL is not set and no embedded server is running"],
  ])("leaves the database out %s", async (_, args, env, reason) => {
    const { code, report } = await check(args, env);
    expect(code).toBe(0);
    expect(report.db).toMatchObject({ status: "skipped", reason });
    expect(existsSync(join(dir, ".reco"))).toBe(false);
  });

  test(
    "takes the flag's database before the environment's, and says when it was never migrated",
    async () => {
      await using database = await testDatabase({ migrated: false });
      const env = { DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" };
      const { code, report } = await check(["--database-url", database.url], env);
      expect(code).toBe(1);
      expect(report.db).toMatchObject({ status: "failed", issues: ["table missing: schema_migrations"] });
      expect(report.comparison.pending).toEqual(
        report.local.migrations.map(({ file }: { file: string }) => file),
      );
      const again = await check([], { DATABASE_URL: database.url });
      expect(again.report).toEqual(report);
    },
    TIMEOUT_MS,
  );

  test(
    "counts a database that refuses, stalls or is none as an issue, and shows no password",
    async () => {
      using silent = rawServer(() => {});
      const urls = [
        "postgres://me:s3cret@127.0.0.1:1/db",
        silent.url.replace("http://", "postgres://me:s3cret@"),
        "mysql://me:s3cret@127.0.0.1/db",
        "postgres://me:s3cret@",
      ];
      for (const DATABASE_URL of urls) {
        const { code, report, out, err } = await check([], { DATABASE_URL });
        expect({ code, err }).toEqual({ code: 1, err: "" });
        expect(report.db).toMatchObject({
          status: "failed",
          issues: [expect.stringMatching(/^read failure: ./)],
        });
        expect(out).not.toContain("s3cret");
      }
    },
    TIMEOUT_MS,
  );

  test("names every fault of a folder", async () => {
    for (const name of ["0001_a.sql", "0001_b.sql", "2_c.sql", "0003_D.sql"])
      writeFileSync(join(dir, name), name);
    const { code, report } = await check(["--migrations-dir", dir, "--skip-db-check"]);
    expect(code).toBe(1);
    expect(
      report.local.migrations.map(({ file, seq }: { file: string; seq: number }) => [file, seq]),
    ).toEqual([
      ["0001_a.sql", 1],
      ["0001_b.sql", 1],
      ["0003_D.sql", null],
      ["2_c.sql", null],
    ]);
    expect(report.local.issues).toEqual([
      "migration file 0001_b.sql repeats the number 0001",
      "migration file 0003_D.sql must be named NNNN_words.sql, in lower case",
      "migration file 2_c.sql must be named NNNN_words.sql, in lower case",
    ]);
  });

  test("a folder that is not there, or empty, is an issue", async () => {
    const missing = await check(["--migrations-dir", join(dir, "none"), "--skip-db-check"]);
    expect(missing.report.local.issues).toEqual([expect.stringContaining("read failure: ENOENT")]);
    const empty = await check(["--migrations-dir", dir, "--skip-db-check"]);
    expect(empty.report.local.issues).toEqual([`no migration file in ${dir}`]);
    expect([missing.code, empty.code]).toEqual([1, 1]);
  });
});

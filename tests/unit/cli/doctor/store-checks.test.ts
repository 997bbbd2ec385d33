/** Checks of a database, on facts made up. */

import { describe, expect, test } from "bun:test";
import { judgeSchema } from "../../../../src/cli/doctor/schema.ts";
import {
  judgeClock,
  judgeConnections,
  judgeServer,
  judgeTls,
} from "../../../../src/cli/doctor/server-checks.ts";
import type { MigrationStatus } from "../../../../src/stores/postgres/migrate.ts";
import type { ServerFacts } from "../../../../src/stores/postgres/server-facts.ts";
import { configOf } from "./configs.ts";

const server = (more: Partial<ServerFacts> = {}): ServerFacts => ({
  version: "16.4 (Debian 16.4-1)",
  versionNumber: 160_004,
  nowMs: 0,
  connectionLimit: 97,
  tls: null,
  readOnly: false,
  ...more,
});

describe("the server's version", () => {
  test.each([
    [140_013, "fail"],
    [150_000, "pass"],
    [180_004, "pass"],
    [190_000, "warn"],
  ] as const)("%p: %p", (versionNumber, status) => {
    expect(judgeServer({ server: server({ versionNumber }) }).status).toBe(status);
  });

  test("is told without what a distribution adds to it", () => {
    expect(judgeServer({ server: server() }).detail).toBe("PostgreSQL 16.4");
  });

  test("does not help a server that takes no writes", () => {
    expect(judgeServer({ server: server({ readOnly: true }) }).status).toBe("fail");
  });
});

describe("clock skew", () => {
  const statusOf = (skewMs: number, roundTripMs = 2) =>
    judgeClock({ config: configOf(), skewMs, roundTripMs }).status;

  test("passes below a second, is doubtful above it, fails beyond how far events may lie in the future", () => {
    expect([0, 900, -900].map((skew) => statusOf(skew))).toEqual(["pass", "pass", "pass"]);
    expect([1_100, -200_000].map((skew) => statusOf(skew))).toEqual(["warn", "warn"]);
    expect([300_100, -300_100].map((skew) => statusOf(skew))).toEqual(["fail", "fail"]);
  });

  test("is no skew as far as the way to the server explains it", () => {
    expect(statusOf(1_400, 1_000)).toBe("pass");
  });
});

describe("connections", () => {
  test("fail when the pools may open more than the server grants", () => {
    const config = configOf({ DATABASE_URL: "postgres://u:p@h/d" });
    const needed = Number(judgeConnections({ config, server: server() }).detail.match(/\d+/)?.[0]);
    const statusOf = (connectionLimit: number) =>
      judgeConnections({ config, server: server({ connectionLimit }) }).status;
    expect(statusOf(needed)).toBe("pass");
    expect(statusOf(needed - 1)).toBe("fail");
  });
});

describe("encryption", () => {
  const judge = (host: string, env: Record<string, string> = {}, tls: string | null = null) => {
    const url = `postgres://reco:${"x7Kq9".repeat(6)}@${host}/d`;
    return judgeTls({ config: configOf({ DATABASE_URL: url, ...env }), server: server({ tls }) })?.status;
  };
  const production = {
    APP_ENV: "production",
    DS_API_KEY: "0123456789abcdef0123456789ABCDEFx!",
    ALLOW_INSECURE_PROD_DEFAULTS: "true",
  };

  test("is no matter of the embedded server", () => {
    expect(judgeTls({ config: configOf(), server: server() })).toBeNull();
  });

  test("is not needed on this machine, nor outside production", () => {
    expect(judge("localhost", production)).toBe("pass");
    expect(judge("127.0.0.1", production)).toBe("pass");
    expect(judge("db.example.org")).toBe("pass");
  });

  test("is missed in production: doubtful in a private network, a failure across public ones", () => {
    expect(judge("10.1.2.3", production)).toBe("warn");
    expect(judge("db.example.org", production)).toBe("fail");
    expect(judge("db.example.org", production, "TLSv1.3")).toBe("pass");
  });
});

describe("the schema", () => {
  const status: MigrationStatus = { applied: ["0001_a.sql"], pending: [], drifted: [], unknown: [] };
  const judge = (
    more: Partial<MigrationStatus>,
    admission: "usable" | "read_only" | "missing" | "too_new" = "usable",
    env: Record<string, string> = {},
  ) => judgeSchema({ config: configOf(env), migrations: { ...status, ...more }, admission });

  test("passes when all is applied", () => {
    expect(judge({}).status).toBe("pass");
  });

  test("fails and names files that were changed after they were applied", () => {
    expect(judge({ drifted: ["0002_b.sql"] })).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("0002_b.sql"),
    });
  });

  test("is only doubtful while the next start applies what is pending", () => {
    const pending = { pending: ["0002_b.sql", "0003_c.sql"] };
    expect(judge(pending, "missing").status).toBe("warn");
    expect(judge(pending, "missing", { DB_INIT_ON_STARTUP: "false" }).status).toBe("fail");
    expect(judge(pending, "missing", { RECO_ROLES: "relay" }).status).toBe("fail");
  });

  test("of a newer build is doubtful while this one may use it, else it fails", () => {
    const unknown = { unknown: ["0900_z.sql"] };
    expect(judge(unknown).status).toBe("warn");
    expect(judge(unknown, "read_only").status).toBe("fail");
    expect(judge(unknown, "too_new").status).toBe("fail");
  });
});

/** Encrypted connections: what each `sslmode` accepts of a server with a self-signed certificate for `localhost`. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { Deadline } from "../../src/core/deadline.ts";
import { openPool } from "../../src/stores/postgres/pool.ts";
import { startTestServer, type TestServer } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);

const FIXTURES = join(import.meta.dir, "../fixtures/tls");
const ROOT = `sslrootcert=${join(FIXTURES, "server.crt")}`;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** `tls`, `plain`, or why there is no connection. */
async function connectWith(parameters: string, host = "127.0.0.1"): Promise<string> {
  const url = new URL(`${server.url}?${parameters}`);
  url.hostname = host;
  await using pool = openPool({ url: url.href, applicationName: "tls" });
  try {
    const [row] = await pool.use(
      "read",
      Deadline.after(3_000),
      (sql) => sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`,
    );
    return row?.["ssl"] ? "tls" : "plain";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

describe("a server without TLS", () => {
  test("serves `prefer` in plain text", async () => {
    expect(await connectWith("sslmode=prefer")).toBe("plain");
  });

  test("is refused by `require`", async () => {
    expect(await connectWith("sslmode=require")).toBe("connect");
  });
});

describe("a server with TLS", () => {
  beforeAll(async () => {
    for (const name of ["server.crt", "server.key"]) {
      const path = join(server.dataDir, "postgres", name);
      copyFileSync(join(FIXTURES, name), path);
      chmodSync(path, 0o600);
    }
    const admin = postgres(server.url, { max: 1 });
    await admin`alter system set ssl = on`;
    await admin`select pg_reload_conf()`;
    await admin.end({ timeout: 1 });
    await eventually(async () => expect(await connectWith("sslmode=require")).toBe("tls"));
  });

  test.each([
    ["127.0.0.1", "sslmode=disable", "plain"],
    ["127.0.0.1", "sslmode=prefer", "tls"],
    ["127.0.0.1", "sslmode=require", "tls"],
    ["127.0.0.1", `sslmode=verify-ca&${ROOT}`, "tls"],
    ["localhost", `sslmode=verify-full&${ROOT}`, "tls"],
    ["127.0.0.1", `sslmode=verify-full&${ROOT}`, "connect"],
    ["localhost", "sslmode=verify-full", "connect"],
  ])("%s with %s: %#", async (host, parameters, outcome) => {
    expect(await connectWith(parameters, host)).toBe(outcome);
  });

  test("a frozen statement on an encrypted connection ends at its deadline", async () => {
    await using pool = openPool({ url: `${server.url}?sslmode=require`, applicationName: "tls" });
    await pool.use("read", Deadline.after(3_000), (sql) => sql`select 1`);
    const slow = pool.transaction("read", Deadline.after(100), (tx) => tx`select pg_sleep(3)`);
    await expect(slow).rejects.toMatchObject({ reason: "timeout" });
    await pool.use("read", Deadline.after(3_000), (sql) => sql`select 1`);
  });
});

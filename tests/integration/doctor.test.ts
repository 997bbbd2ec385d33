/** The doctor's questions to real databases, ports and folders. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { runChecks } from "../../src/cli/doctor/check.ts";
import { checkDataFolder } from "../../src/cli/doctor/data-folder.ts";
import { checkDiskSpace } from "../../src/cli/doctor/disk-space.ts";
import {
  checkEmbeddedBinaries,
  checkEmbeddedData,
  checkEmbeddedUser,
} from "../../src/cli/doctor/embedded.ts";
import { MACHINE_CHECKS, readMachine } from "../../src/cli/doctor/machine.ts";
import { checkApiPort, checkMetricsPort } from "../../src/cli/doctor/ports.ts";
import { askStore } from "../../src/cli/doctor/store.ts";
import { STORE_CHECKS } from "../../src/cli/doctor/store-checks.ts";
import type { RuntimeInfo } from "../../src/cli/runtime-file.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { readServerFacts } from "../../src/stores/postgres/server-facts.ts";
import { testDatabase } from "../support/databases.ts";
import { temporaryDir } from "../support/embedded.ts";
import { configOf } from "../unit/cli/doctor/configs.ts";

let dir: string;
beforeEach(() => {
  dir = temporaryDir("doctor");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Something that listens on a port of its own; `accepts` is told of each caller. */
async function listener(): Promise<{ port: number } & Disposable> {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    [Symbol.dispose]: () => void server.close(),
  };
}

const running = (more: Partial<RuntimeInfo>): RuntimeInfo => ({
  version: "0.1.0",
  pid: process.pid,
  roles: ["http"],
  http: null,
  metrics: { host: "127.0.0.1", port: 1 },
  storePort: null,
  actors: [],
  writtenAtMs: 0,
  ...more,
});

describe("a database", () => {
  const ask = (url: string, env: Record<string, string> = {}) =>
    askStore({ config: configOf({ DATABASE_URL: url, ...env }), running: null });

  /** `name status` of every check of the database at `url`. */
  async function judge(url: string): Promise<string[]> {
    const { reached, facts } = await ask(url);
    if (!facts) throw new Error(reached.detail);
    return (await runChecks(STORE_CHECKS, facts)).map(({ name, status }) => `${name} ${status}`);
  }

  test("that is migrated passes every check", async () => {
    await using database = await testDatabase();
    expect(await judge(database.url)).toEqual([
      "store_version pass",
      "store_clock pass",
      "store_connections pass",
      "store_tls pass",
      "schema pass",
      "dead_letters pass",
    ]);
  });

  test("that is empty has pending migrations and no dead letters to look at", async () => {
    await using database = await testDatabase({ migrated: false });
    const found = await judge(database.url);
    expect(found).toContain("schema warn");
    expect(found.some((line) => line.startsWith("dead_letters"))).toBe(false);
  });

  test("whose migration was edited, or that is too new, fails", async () => {
    await using drifted = await testDatabase();
    const deadline = Deadline.after(5_000);
    await drifted.pool().use("write", deadline, async (sql) => {
      await sql`update schema_migrations set checksum = 'x' where version like '0001%'`;
    });
    expect(await judge(drifted.url)).toContain("schema fail");

    await using newer = await testDatabase();
    const pool = newer.pool();
    const generation = (minReader: number, minWriter: number) =>
      pool.use("write", deadline, async (sql) => {
        await sql`update schema_info set min_reader = ${minReader}, min_writer = ${minWriter}`;
      });
    await generation(1, 999);
    expect((await ask(newer.url)).facts?.admission).toBe("read_only");
    await generation(999, 999);
    expect((await ask(newer.url)).facts?.admission).toBe("too_new");
    expect(await judge(newer.url)).toContain("schema fail");
  });

  test("with an old dead letter gets a warning: its markers are kept, and not for nothing", async () => {
    await using database = await testDatabase();
    await database.pool().use("write", Deadline.after(5_000), async (sql) => {
      await sql`
        insert into feature_consumer_dlq
          (source_topic, source_partition, source_offset, payload, error_text, retry_count, error_class, node, app_version, first_failed_at)
        values ('t', 0, 0, '{}', 'bad', 1, 'schema', 'n', 'v', now() - interval '20 days')`;
    });
    expect(await judge(database.url)).toContain("dead_letters warn");
    const { facts } = await ask(database.url, { CONSUMED_RETENTION_DAYS: "29" });
    const found = facts && (await runChecks(STORE_CHECKS, facts));
    expect(found?.find(({ name }) => name === "dead_letters")?.status).toBe("pass");
  });

  test("says how many connections it grants, less where the role has a limit of its own", async () => {
    await using database = await testDatabase();
    const pool = database.pool();
    const read = () => readServerFacts(pool, Deadline.after(5_000));
    const { connectionLimit, version } = await read();
    expect(connectionLimit).toBeGreaterThan(50);
    expect(version).toMatch(/^1[5-8]/);
    const name = new URL(database.url).pathname.slice(1);
    await pool.use("write", Deadline.after(5_000), async (sql) => {
      await sql`alter database ${sql(name)} connection limit 7`;
    });
    expect((await read()).connectionLimit).toBe(7);
  });

  test("that does not exist, refuses, or is silent fails, is named, and gives no secret away", async () => {
    using silent = await listener();
    const env = { DB_CONNECT_TIMEOUT_SEC: "1" };
    for (const port of [1, silent.port]) {
      const { reached, facts } = await ask(`postgres://reco:geheim@127.0.0.1:${port}/reco`, env);
      expect(reached.status).toBe("fail");
      expect(reached.detail).toContain(`127.0.0.1:${port}`);
      expect(reached.detail).not.toContain("geheim");
      expect(facts).toBeNull();
    }
  });

  test("that is embedded and stopped is left alone", async () => {
    const config = configOf({ RECO_DATA_DIR: join(dir, "data") });
    expect((await askStore({ config, running: null })).reached.status).toBe("pass");
    expect((await askStore({ config, running: running({}) })).reached.status).toBe("warn");
    expect(existsSync(join(dir, "data"))).toBe(false);
  });
});

describe("the embedded server", () => {
  test("proves that its program runs, and leaves nothing behind", async () => {
    const dataDir = join(dir, "data");
    const config = configOf({ RECO_DATA_DIR: dataDir });
    expect(await checkEmbeddedBinaries(config)).toMatchObject({
      status: "pass",
      detail: expect.stringContaining("PostgreSQL"),
    });
    expect(checkEmbeddedUser(config)?.status).toBe("pass");
    expect(checkEmbeddedData(config)).toBeNull();
    expect(readdirSync(dir)).toEqual([]);
  });

  test("fails on data of another major version", () => {
    mkdirSync(join(dir, "postgres"));
    writeFileSync(join(dir, "postgres", "PG_VERSION"), "12\n");
    expect(checkEmbeddedData(configOf({ RECO_DATA_DIR: dir }))?.status).toBe("fail");
  });

  test("is no matter where DATABASE_URL names another one", async () => {
    const config = configOf({ RECO_DATA_DIR: dir, DATABASE_URL: "postgres://u:p@h/d" });
    expect(await checkEmbeddedBinaries(config)).toBeNull();
    expect(checkEmbeddedUser(config)).toBeNull();
    expect(checkEmbeddedData(config)).toBeNull();
  });
});

describe("ports", () => {
  test("that somebody else holds are told, those of the tree that runs here are fine", async () => {
    using taken = await listener();
    const port = String(taken.port);
    const config = configOf({ HOST: "127.0.0.1", PORT: port, METRICS_HOST: "127.0.0.1" });
    expect((await checkApiPort(config, null))?.status).toBe("fail");
    const own = running({ http: { host: "127.0.0.1", port: taken.port } });
    expect((await checkApiPort(config, own))?.status).toBe("pass");

    const metrics = configOf({ METRICS_HOST: "127.0.0.1", METRICS_PORT: port });
    expect((await checkMetricsPort(metrics, null)).status).toBe("warn");
    const address = { host: "127.0.0.1", port: taken.port };
    expect((await checkMetricsPort(metrics, running({ metrics: address }))).status).toBe("pass");
  });

  test("are left free, and one port for both is doubtful", async () => {
    using found = await listener();
    const { port } = found;
    found[Symbol.dispose]();
    const config = configOf({ HOST: "127.0.0.1", PORT: String(port), METRICS_PORT: String(port) });
    expect((await checkApiPort(config, null))?.status).toBe("pass");
    expect((await checkApiPort(config, null))?.status).toBe("pass");
    expect((await checkMetricsPort(config, null)).status).toBe("warn");
  });

  test("of an API that this tree does not run are no matter", async () => {
    expect(await checkApiPort(configOf({ RECO_ROLES: "relay" }), null)).toBeNull();
  });
});

describe("the data folder", () => {
  test("is judged as it lies on the disk", () => {
    chmodSync(dir, 0o700);
    expect(checkDataFolder(dir).status).toBe("pass");
    expect(checkDataFolder(join(dir, "a", "b")).status).toBe("pass");
    chmodSync(dir, 0o755);
    expect(checkDataFolder(dir).status).toBe("warn");
    writeFileSync(join(dir, "file"), "");
    expect(checkDataFolder(join(dir, "file")).status).toBe("fail");
    expect(readdirSync(dir)).toEqual(["file"]);
  });

  test("fails when others may read the password in it", () => {
    mkdirSync(join(dir, "secrets"));
    writeFileSync(join(dir, "secrets", "postgres-password"), "x", { mode: 0o644 });
    expect(checkDataFolder(dir).status).toBe("fail");
  });

  test("lies on a disk whose free space is known", () => {
    expect(checkDiskSpace(configOf({ RECO_DATA_DIR: join(dir, "none") })).detail).toContain(`disk of ${dir}`);
  });
});

test("this machine runs the tests, so none of its checks fails", async () => {
  const found = await runChecks(MACHINE_CHECKS, readMachine());
  expect(found.map(({ name }) => name)).toEqual(["runtime", "open_files"]);
  expect(found.filter(({ status }) => status === "fail")).toEqual([]);
});

/** The embedded server: first and later starts, ownership, crashes, and who runs it. */

import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import postgres from "postgres";
import {
  type EmbeddedServer,
  prepareEmbedded,
  type StartOptions,
  startEmbedded,
} from "../../src/stores/postgres/embedded.ts";
import { identify } from "../../src/stores/postgres/process-identity.ts";
import { fastParent, temporaryDir } from "../support/embedded.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === "linux";
const NOBODY = { uid: 65_534, gid: 65_534 };

let dataDir: string;
let cleanups: (() => unknown)[];
beforeEach(() => {
  const parent = temporaryDir("embedded", fastParent());
  dataDir = join(parent, "data");
  cleanups = [() => rmSync(parent, { recursive: true, force: true })];
});
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function started(options: Partial<StartOptions> = {}): Promise<EmbeddedServer> {
  const { port } = await prepareEmbedded(dataDir);
  const server = await startEmbedded({ dataDir, port, durable: false, ...options });
  cleanups.push(() => server.stop(2_000));
  return server;
}

const problemOf = (error: { problem?: string }) => error.problem;

async function query(url: string, text: string): Promise<postgres.RowList<postgres.Row[]>> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** Starts a process that owns a server; `words` go before its command. */
async function ownerElsewhere(words: readonly string[] = []) {
  const program = join(import.meta.dir, "../fixtures/programs/embedded.ts");
  const [file = "", ...args] = [...words, process.execPath, program, dataDir];
  const child: ChildProcess = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  cleanups.push(async () => {
    child.stdin?.end();
    await exited;
  });
  const { stdout } = child;
  if (!stdout) throw new Error("no stdout");
  const line = await new Promise<string>((resolve) =>
    createInterface({ input: stdout }).once("line", resolve),
  );
  return { child, exited, ...(JSON.parse(line) as { url: string; pid: number; problem?: string }) };
}

describe("starting", () => {
  test("gives a UTF-8 database that is closed to others", async () => {
    const server = await started();
    const [row] = await query(
      server.url,
      "select pg_encoding_to_char(encoding) as encoding from pg_database",
    );
    expect(row?.["encoding"]).toBe("UTF8");
    expect(statSync(server.passwordFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "postgres")).mode & 0o777).toBe(0o700);
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    const stranger = new URL(server.url);
    stranger.password = "wrong";
    await expect(query(stranger.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
  });

  test("again keeps the data and the password", async () => {
    const first = await started();
    await query(first.url, "create table kept ()");
    await first.stop(2_000);
    const second = await started();
    expect(new URL(second.url).password).toBe(new URL(first.url).password);
    await query(second.url, "select from kept");
  });

  test("is durable unless told otherwise", async () => {
    const server = await started({ durable: true });
    const settings =
      "select setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')";
    expect((await query(server.url, settings)).map((row) => row["setting"])).toEqual(["on", "on", "on"]);
  });

  test("goes on after an initdb that was killed", async () => {
    mkdirSync(join(dataDir, "postgres.init-1"), { recursive: true });
    await started();
    expect(readdirSync(dataDir).filter((name) => name.includes("init"))).toEqual([]);
  });

  test("a stop leaves no process and frees the folder", async () => {
    const server = await started();
    await server.stop(2_000);
    expect(identify(server.pid)).toBeNull();
    expect(await server.exited).toBe("exit code 0");
    await prepareEmbedded(dataDir);
  });

  test("a stop does not wait for clients", async () => {
    const server = await started();
    const client = query(server.url, "select pg_sleep(20)").catch((error) => error.code);
    await eventually(async () => {
      const active = "select from pg_stat_activity where query like '%pg_sleep%' and state = 'active'";
      expect(await query(server.url, active)).toHaveLength(2);
    });
    await server.stop(5_000);
    expect(await client).toMatch(/57P01|CONNECTION_CLOSED/);
  });
});

describe("refuses", () => {
  test("a folder of another PostgreSQL major", async () => {
    mkdirSync(join(dataDir, "postgres"), { recursive: true });
    writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "15\n");
    const error = await prepareEmbedded(dataDir).catch((thrown) => thrown);
    expect(error.problem).toBe("other_major");
    expect(error.message).toContain("backup with the old binary, restore with the new");
  });

  test("a password file that does not fit the data", async () => {
    const server = await started();
    await server.stop(2_000);
    rmSync(server.passwordFile);
    expect(await started().catch(problemOf)).toBe("wrong_password");
    expect(existsSync(join(dataDir, "postgres", "postmaster.pid"))).toBe(false);
  });

  test("a second owner while the first lives", async () => {
    const server = await started();
    const second = startEmbedded({ dataDir, port: server.port, durable: false });
    expect(await second.catch(problemOf)).toBe("in_use");
    await query(server.url, "select 1");
  });

  test("a port that somebody else has", async () => {
    const first = await started();
    dataDir = join(dirname(dataDir), "other");
    const second = startEmbedded({ dataDir, port: first.port, durable: false });
    await expect(second).rejects.toMatchObject({ problem: "start_failed" });
    await expect(second).rejects.toThrow("Address already in use");
  });
});

describe("after a crash", () => {
  test.if(isLinux)("of the owner, no server is left, and the next start has the data", async () => {
    const owner = await ownerElsewhere();
    await query(owner.url, "create table kept ()");
    owner.child.kill("SIGKILL");
    await eventually(() => expect(identify(owner.pid)).toBeNull());
    await query((await started()).url, "select from kept");
  });

  test("of the owner, a server that still runs is stopped first", async () => {
    const owner = await ownerElsewhere();
    process.kill(owner.pid, "SIGSTOP");
    owner.child.kill("SIGKILL");
    await owner.exited;
    expect(identify(owner.pid)).not.toBeNull();
    const server = await started();
    expect(identify(owner.pid)).toBeNull();
    await query(server.url, "select 1");
  });

  test("of the server, its owner knows and can start it on the same port", async () => {
    const server = await started();
    const client = query(server.url, "select pg_sleep(20)").catch(() => {});
    process.kill(server.pid, "SIGKILL");
    expect(await server.exited).toBe("signal SIGKILL");
    await server.stop(0);
    const next = await startEmbedded({ dataDir, port: server.port, durable: false });
    cleanups.push(() => next.stop(2_000));
    expect(next.url).toBe(server.url);
    await query(next.url, "select 1");
    await client;
  });

  test("a lock file whose process id another program has got does no harm to either", async () => {
    const server = await started();
    await server.stop(2_000);
    const bystander = spawn("sleep", ["30"]);
    cleanups.push(() => bystander.kill());
    writeFileSync(join(dataDir, "postgres", "postmaster.pid"), `${bystander.pid}\n${dataDir}/postgres\n`);
    await query((await started()).url, "select 1");
    expect(bystander.exitCode).toBeNull();
    expect(identify(bystander.pid ?? 0)).not.toBeNull();
  });
});

describe.if(isRoot)("started by root", () => {
  const asUser = { kind: "user", ...NOBODY } as const;
  const openParent = () => chmodSync(dirname(dataDir), 0o755);

  test("runs below a folder that only root may enter", async () => {
    expect(statSync(dirname(dataDir)).mode & 0o777).toBe(0o700);
    await query((await started()).url, "select 1");
  });

  test("runs as another user where namespaces are forbidden, and lets only that one through", async () => {
    openParent();
    const server = await started({ runAs: asUser });
    await query(server.url, "select 1");
    expect(statSync(`/proc/${server.pid}`).uid).toBe(NOBODY.uid);
    expect(statSync(dataDir).mode & 0o777).toBe(0o711);
    expect(statSync(join(dataDir, "postgres")).mode & 0o777).toBe(0o700);
  });

  test("takes a folder along that another way of running has made", async () => {
    openParent();
    const first = await started();
    await query(first.url, "create table kept ()");
    await first.stop(2_000);
    await query((await started({ runAs: asUser })).url, "select from kept");
  });

  test("names the first folder that the other user cannot enter", async () => {
    const error = await started({ runAs: asUser }).catch((thrown) => thrown);
    expect(error.problem).toBe("unreachable_folder");
    expect(error.message).toEndWith(dirname(dataDir));
  });

  test("by a normal user it runs as that user", async () => {
    openParent();
    mkdirSync(dataDir);
    chownSync(dataDir, NOBODY.uid, NOBODY.gid);
    const words = ["setpriv", `--reuid=${NOBODY.uid}`, `--regid=${NOBODY.gid}`, "--clear-groups"];
    const owner = await ownerElsewhere(words);
    await query(owner.url, "select 1");
    expect(statSync(`/proc/${owner.pid}`).uid).toBe(NOBODY.uid);
  });
});

/** Checks of machine, folder, disk, ports, memory and configuration, on facts made up. */

import { describe, expect, test } from "bun:test";
import manifest from "../../../../package.json" with { type: "json" };
import { judgeConfiguration } from "../../../../src/cli/doctor/configuration.ts";
import { type FolderFacts, judgeDataFolder } from "../../../../src/cli/doctor/data-folder.ts";
import { judgeDiskSpace, MEBIBYTE } from "../../../../src/cli/doctor/disk-space.ts";
import { judgeMajor } from "../../../../src/cli/doctor/embedded.ts";
import { judgeOpenFiles, judgeRuntime, type Machine } from "../../../../src/cli/doctor/machine.ts";
import { judgeMemory } from "../../../../src/cli/doctor/memory.ts";
import { judgeApiPort, judgeMetricsPort } from "../../../../src/cli/doctor/ports.ts";
import { loadConfig } from "../../../../src/config/load.ts";
import { configOf } from "./configs.ts";

describe("the runtime", () => {
  const machine: Machine = {
    platform: "linux",
    architecture: "x64",
    bunVersion: manifest.devDependencies.bun,
    glibcVersion: "2.36",
    openFilesLimit: 20_000,
  };
  const statusOf = (more: Partial<Machine>) => judgeRuntime({ ...machine, ...more }).status;

  test("passes on Linux with glibc and on macOS", () => {
    expect(statusOf({})).toBe("pass");
    expect(statusOf({ platform: "darwin", glibcVersion: null })).toBe("pass");
  });

  test("is doubtful without glibc or with another Bun, and fails on another system", () => {
    expect(statusOf({ glibcVersion: null })).toBe("warn");
    expect(statusOf({ bunVersion: "1.0.0" })).toBe("warn");
    expect(statusOf({ platform: "win32" })).toBe("fail");
  });

  test.each([
    [1_023, "fail"],
    [1_024, "warn"],
    [4_096, "pass"],
    [Number.POSITIVE_INFINITY, "pass"],
    [null, "warn"],
  ] as const)("with %p open files: %p", (openFilesLimit, status) => {
    expect(judgeOpenFiles({ ...machine, openFilesLimit }).status).toBe(status);
  });
});

describe("the configuration", () => {
  test("that is not valid fails once for each problem", () => {
    const found = judgeConfiguration(
      loadConfig({ env: { RATE_LIMIT_BACKEND: "redis", RECO_ROLES: "cook", DATABASE_URL: "mysql://h/d" } }),
    );
    expect(found.map(({ status }) => status)).toEqual(["fail", "fail", "fail"]);
    expect(found.map(({ detail }) => detail.split(" ")[0])).toEqual([
      "RECO_ROLES",
      "RATE_LIMIT_BACKEND",
      "DATABASE_URL",
    ]);
  });

  test("that is valid passes, with one warning for each doubt and no secret", () => {
    const found = judgeConfiguration(
      loadConfig({ env: { PORT: "many", DATABASE_URL: "postgres://u:s3cret@h/d", API_AUTH_MODE: "off" } }),
    );
    expect(found.map(({ status }) => status)).toEqual(["pass", "warn", "warn"]);
    expect(JSON.stringify(found)).not.toContain("s3cret");
  });
});

describe("the data folder", () => {
  const path = "/var/lib/reco";
  const facts: FolderFacts = {
    path,
    found: { path, isFolder: true, writable: true },
    mode: 0o40700,
    passwordMode: 0o100600,
  };
  const judge = (more: Partial<FolderFacts>) => judgeDataFolder({ ...facts, ...more });

  test("passes when it is ours alone, also with a way through for the server's own user", () => {
    expect(judge({}).status).toBe("pass");
    expect(judge({ mode: 0o40711, passwordMode: null }).status).toBe("pass");
  });

  test("passes when it can be made", () => {
    const found = { path: "/var/lib", isFolder: true, writable: true };
    expect(judge({ found, mode: 0o40755, passwordMode: null }).status).toBe("pass");
  });

  test("is doubtful when others may look into it", () => {
    expect(judge({ mode: 0o40755 }).status).toBe("warn");
    expect(judge({ mode: 0o40770 }).status).toBe("warn");
  });

  test("fails when others may read the password, nothing can be written, or a file is in the way", () => {
    expect(judge({ passwordMode: 0o100640 }).detail).toContain("postgres-password");
    expect(judge({ passwordMode: 0o100640 }).status).toBe("fail");
    expect(judge({ found: { path: "/var", isFolder: true, writable: false } })).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("/var;"),
    });
    expect(judge({ found: { path, isFolder: false, writable: true } }).status).toBe("fail");
  });
});

describe("disk space", () => {
  const statusOf = (freeMiB: number, holdsDatabase: boolean) =>
    judgeDiskSpace({ folder: "/", freeBytes: freeMiB * MEBIBYTE, holdsDatabase }).status;

  test("must suffice for a database where one is kept here, and for little else where not", () => {
    expect([511, 512, 2_047, 2_048].map((free) => statusOf(free, true))).toEqual([
      "fail",
      "warn",
      "warn",
      "pass",
    ]);
    expect([31, 32, 256].map((free) => statusOf(free, false))).toEqual(["fail", "warn", "pass"]);
  });
});

describe("data of another PostgreSQL", () => {
  test("fails and names both versions", () => {
    expect(judgeMajor("18", "18").status).toBe("pass");
    const { status, detail } = judgeMajor("17", "18");
    expect(status).toBe("fail");
    expect(detail).toMatch(/17.*18/);
  });
});

describe("a taken port", () => {
  const address = { host: "0.0.0.0", port: 80 };

  test("keeps the API from starting, and a tree only from its metrics listener", () => {
    expect(judgeApiPort(address, "EADDRINUSE")).toMatchObject({
      status: "fail",
      detail: expect.stringContaining("another process"),
    });
    expect(judgeMetricsPort(address, "EADDRINUSE").status).toBe("warn");
    expect(judgeApiPort(address, "EACCES").detail).toContain("may not use it");
    expect(judgeApiPort(address, null).status).toBe("pass");
    expect(judgeMetricsPort(address, null).status).toBe("pass");
  });
});

describe("memory", () => {
  const config = configOf();

  test("fails below what the tree needs at rest, is doubtful below what it may need", () => {
    const { detail } = judgeMemory(config, 64_000);
    const [rest = 0, full = 0] = [...detail.matchAll(/\d+/g)].map(Number);
    expect(full).toBeGreaterThan(rest);
    expect(judgeMemory(config, rest - 1).status).toBe("fail");
    expect(judgeMemory(config, rest).status).toBe("warn");
    expect(judgeMemory(config, full).status).toBe("pass");
  });

  test("counts workers, caches and pools, and the server only where it is ours", () => {
    const off = { ENABLE_SCHEDULER: "false" };
    const statusOf = (env: Record<string, string>) => judgeMemory(configOf({ ...off, ...env }), 1_200).status;
    expect(statusOf({})).toBe("pass");
    expect(statusOf({ ENABLE_SCHEDULER: "true" })).toBe("warn");
    expect(statusOf({ ENABLE_SCHEDULER: "true", TRAINER_MEMORY_MAX_MB: "10" })).toBe("pass");
    expect(statusOf({ UVICORN_WORKERS: "4" })).toBe("warn");
    expect(statusOf({ CONSUMER_WORKERS: "12" })).toBe("fail");
    expect(statusOf({ ONLINE_CACHE_MEMORY_MAX_KEYS: "1000000" })).toBe("warn");
    expect(statusOf({ ONLINE_CACHE_MEMORY_MAX_KEYS: "1000000", ONLINE_CACHE_ENABLED: "false" })).toBe("pass");
    expect(judgeMemory(configOf({ ...off, DATABASE_URL: "postgres://u:p@h/d" }), 510).status).toBe("pass");
    expect(
      judgeMemory(configOf({ RECO_ROLES: "relay", DATABASE_URL: "postgres://u:p@h/d" }), 200).status,
    ).toBe("pass");
  });
});

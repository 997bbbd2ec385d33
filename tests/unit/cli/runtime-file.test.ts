import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT_FAILED } from "../../../src/cli/exit-codes.ts";
import {
  type RuntimeInfo,
  readRuntimeFile,
  removeRuntimeFile,
  writeRuntimeFile,
} from "../../../src/cli/runtime-file.ts";
import { temporaryDir } from "../../support/embedded.ts";

let dir: string;
beforeEach(() => {
  dir = temporaryDir("runtime-file");
});
afterEach(() => rmSync(dir, { recursive: true }));

const info: RuntimeInfo = {
  version: "0.1.0",
  pid: process.pid,
  roles: ["http"],
  http: { host: "127.0.0.1", port: 8080 },
  metrics: { host: "0.0.0.0", port: 9108 },
  storePort: 5433,
  actors: [],
  writtenAtMs: 1_700_000_000_000,
};

describe("runtime.json", () => {
  test("gives back what a live process wrote, also into a folder that was not there", () => {
    const folder = join(dir, "not", "there");
    writeRuntimeFile(folder, info);
    expect(readRuntimeFile(folder)).toEqual(info);
  });

  test("is none where nothing was written or it was removed", () => {
    expect(readRuntimeFile(dir)).toBeNull();
    writeRuntimeFile(dir, info);
    removeRuntimeFile(dir, info.pid);
    expect(readRuntimeFile(dir)).toBeNull();
  });

  test("counts for none when its pid now belongs to another process", () => {
    writeRuntimeFile(dir, info);
    const path = join(dir, "runtime.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), startedAt: "earlier" }));
    expect(readRuntimeFile(dir)).toBeNull();
  });

  test("of another running tree is neither replaced nor removed", () => {
    writeRuntimeFile(dir, info);
    writeRuntimeFile(dir, { ...info, pid: process.ppid });
    removeRuntimeFile(dir, process.ppid);
    expect(readRuntimeFile(dir)).toEqual(info);
  });

  test("of a tree that is gone is replaced", () => {
    writeRuntimeFile(dir, { ...info, pid: process.ppid });
    const path = join(dir, "runtime.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), startedAt: "earlier" }));
    writeRuntimeFile(dir, info);
    expect(readRuntimeFile(dir)).toEqual(info);
  });

  test("that cannot be read ends a command with its reason", () => {
    writeFileSync(join(dir, "runtime.json"), "{");
    expect(() => readRuntimeFile(dir)).toThrow(
      expect.objectContaining({ exitCode: EXIT_FAILED, message: expect.stringContaining(dir) }),
    );
  });
});

/** Log lines of several realms on one pipe whose reader is slow, or does not read at all. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = (name: string) => join(import.meta.dir, "../fixtures/programs", name);

describe("log output", () => {
  let folder: string;
  let reader: number;
  let writer: number;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "reco-log-"));
    const pipe = join(folder, "pipe");
    Bun.spawnSync(["mkfifo", pipe]);
    reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    writer = openSync(pipe, constants.O_WRONLY);
  });

  afterEach(() => {
    closeSync(writer);
    closeSync(reader);
    rmSync(folder, { recursive: true, force: true });
  });

  /** At most 1 KiB a turn, so that the pipe is full while the program writes. */
  async function readUntil(ended: Promise<unknown>): Promise<string> {
    const chunks: Buffer[] = [];
    let hasEnded = false;
    void ended.then(() => {
      hasEnded = true;
    });
    while (true) {
      const chunk = Buffer.alloc(1024);
      const length = readIfAny(chunk);
      if (length === 0 && hasEnded) return Buffer.concat(chunks).toString();
      chunks.push(chunk.subarray(0, length));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  function readIfAny(chunk: Buffer): number {
    try {
      return readSync(reader, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return 0;
      throw error;
    }
  }

  test("lines of four realms arrive whole, each realm's in order, and none is lost at the end", async () => {
    const child = Bun.spawn([process.execPath, program("chatty-log.ts")], {
      stdout: writer,
      stderr: "inherit",
    });
    const text = await readUntil(child.exited);
    expect(child.exitCode).toBe(0);
    const seen: Record<string, number[]> = {};
    for (const line of text.trimEnd().split("\n")) {
      const entry = JSON.parse(line) as { logger: string; line: number };
      seen[entry.logger] ??= [];
      seen[entry.logger]?.push(entry.line);
    }
    const all = Array.from({ length: 400 }, (_, line) => line);
    expect(seen).toEqual({ "reco.main": all, "reco.a": all, "reco.b": all, "reco.c": all });
  });

  test("with nobody reading, the program goes on, drops and counts lines, and can be closed", async () => {
    const child = Bun.spawn([process.execPath, program("unread-log.ts")], { stdout: writer, stderr: "pipe" });
    const report = JSON.parse(await new Response(child.stderr).text()) as Record<string, number>;
    await child.exited;
    // 1 MiB is buffered, and the pipe takes some; the rest of the 4 MiB is dropped.
    expect(report["dropped"]).toBeGreaterThan(2_500);
    expect(report["dropped"]).toBeLessThan(3_100);
  });
});

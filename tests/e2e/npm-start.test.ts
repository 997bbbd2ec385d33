import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { processesOf } from "../support/own-processes.ts";
import { freePort } from "../support/ports.ts";

const START = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "scripts", "start.mjs");

/** Runs the start script the way npm does and hands over its output. */
function start(dataDir: string, port: number) {
  const child = Bun.spawn(["node", START], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: dataDir,
      RECO_DATA_DIR: dataDir,
      REPORTS_DIR: join(dataDir, "reports"),
      MODELS_DIR: join(dataDir, "models"),
      PORT: String(port),
      METRICS_PORT: String(freePort()),
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const printed: string[] = [];
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    for await (const chunk of stream) printed.push(Buffer.from(chunk).toString());
  };
  void collect(child.stdout);
  void collect(child.stderr);
  return { child, output: () => printed.join("") };
}

async function introduced(run: ReturnType<typeof start>): Promise<string> {
  await eventually(() => expect(run.output()).toContain("reco is ready"), {
    timeoutMs: 120_000,
    intervalMs: 100,
  });
  return run.output();
}

/** The answer to a printed line once the machine has time for a whole one: in need the click is not read back yet. */
async function full(ask: string): Promise<{ readonly items: readonly string[] }> {
  return eventually(async () => {
    const answer = JSON.parse(await shell(ask));
    expect(answer.details.degraded).toBeNull();
    return answer;
  });
}

/** Runs one printed line in a shell, as a reader would. */
async function shell(line: string): Promise<string> {
  const child = Bun.spawn(["sh", "-c", line], { stdout: "pipe" });
  return new Response(child.stdout).text();
}

test("npm start loads real films, prints lines that work, trains and promotes a run, and starts again with it", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "reco-start-"));
  const runs: ReturnType<typeof start>[] = [];
  try {
    const first = start(dataDir, freePort());
    runs.push(first);
    const lines = (await introduced(first))
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("curl"));
    expect(lines).toHaveLength(3);
    const [ask, click, askAgain] = lines as [string, string, string];
    await eventually(async () => {
      const answer = JSON.parse(await shell(ask));
      expect(answer.details.items.map((item: { title: string | null }) => item.title)).toContainEqual(
        expect.stringMatching(/\(\d{4}\)$/),
      );
    });
    // The first run is trained beside all this, and takes over by itself when it is better.
    await eventually(() => expect(first.output()).toContain("has been promoted"), {
      timeoutMs: 400_000,
      intervalMs: 500,
    });
    const [, runId = ""] = /Run (\S+) was trained/.exec(first.output()) ?? [];
    expect(first.output()).toMatch(
      /NDCG@10 .*: 0\.\d{4} against 0\.\d{4} of stream-v1, over \d+ films of \d+ users/,
    );
    expect(JSON.parse(await shell(askAgain)).model_version).toBe(`ease_rules_blend-${runId}`);
    const metrics = join(dataDir, "reports", "metrics");
    expect(JSON.parse(readFileSync(join(metrics, "latest.json"), "utf8"))).toMatchObject({
      run_id: runId,
      promoted: true,
    });
    const before = await full(askAgain);
    expect(JSON.parse(await shell(click))).toMatchObject({ status: "ok" });
    const after = await full(askAgain);
    expect(after.items).not.toEqual(before.items);
    expect(after.items).not.toContain("1");
    first.child.kill("SIGINT");
    expect(await first.child.exited).toBe(0);

    const second = start(dataDir, freePort());
    runs.push(second);
    const introduction = await introduced(second);
    expect(introduction).not.toContain("Loading MovieLens");
    expect(introduction).toContain(`It serves by run ${runId}`);
    second.child.kill("SIGTERM");
    expect(await second.child.exited).toBe(0);
    await eventually(() => expect(processesOf(dataDir)).toEqual([]));
    expect(existsSync(join(dataDir, "films-imported"))).toBe(true);
  } finally {
    // A failed assertion leaves a whole tree running.
    for (const { child } of runs) {
      child.kill("SIGTERM");
      await child.exited;
    }
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 600_000);

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { seededRandom } from "../../src/core/random.ts";
import type { EvaluationReport } from "../../src/evaluation/report.ts";
import { temporaryDir } from "../support/embedded.ts";
import { runReco } from "../support/run-reco.ts";

const TIMEOUT_MS = 480_000;
const START_SEC = 900_000_000; // In ms fewer than 10^12, which the API would take for seconds.
let dir: string;
let temporary: string;

beforeEach(() => {
  dir = temporaryDir("evaluate-e2e");
  temporary = join(dir, "tmp");
  mkdirSync(temporary);
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Nothing of the caller's settings may reach the trees of an evaluation: here a database that is not there. */
const run = (...args: string[]) =>
  runReco(["evaluate", ...args], {
    cwd: dir,
    env: { TMPDIR: temporary, DATABASE_URL: "postgres://nobody@127.0.0.1:9/none", RECO_DEADLINE_MS: "1" },
  });

/**
 * Twelve users walk over sixty items, mostly to the next one, and come back to some. Half of the events are watches;
 * ids hold what URLs and lists must not confuse; some events share their second.
 */
function writeWalks(): string {
  const random = seededRandom(3);
  const itemId = (place: number) => ["item ", "a,b&c=", "ü/", "#"][place % 4] + String(place);
  const places = Array.from({ length: 12 }, (_, user) => user * 5);
  const lines = Array.from({ length: 900 }, (_, index) => {
    const user = Math.floor(random.next() * places.length);
    const step = random.next() < 0.7 ? 1 : Math.floor(random.next() * 60);
    const place = ((places[user] as number) + step) % 60;
    places[user] = place;
    const common = { event_id: `walk-event-${index}`, user_id: `user:${user} ü`, item_id: itemId(place) };
    const sec = START_SEC + Math.floor(index / 2);
    return index % 2 === 0
      ? { ...common, event_type: ["view", "click", "purchase"][index % 3], ts: sec }
      : { ...common, session_id: "s", request_id: "r", ts_ms: sec, watch_time_sec: index % 200 };
  });
  const file = join(dir, "walks.jsonl");
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
  return file;
}

const rowsOf = ({ rows }: EvaluationReport, model: string) =>
  rows.filter((row) => row.model === model).map((row) => ({ ...row, model: "" }));

describe("reco evaluate", () => {
  test(
    "gives the same figures through the API, exactly, and others while the rules learn",
    async () => {
      const ended = await run("--input", writeWalks(), "--through-api", "--prequential", "--json");
      expect({ code: ended.code, err: ended.err }).toMatchObject({
        code: 0,
        err: expect.stringMatching(/\.json\n$/),
      });
      const report = JSON.parse(ended.out) as EvaluationReport;
      expect(report.n_events).toBe(180);
      for (const policy of ["rules-v1", "stream-v1", "trained"]) {
        expect(rowsOf(report, policy)).toHaveLength(8);
        expect(rowsOf(report, `${policy}, API`)).toEqual(rowsOf(report, policy));
        expect(rowsOf(report, `${policy}, prequential`)).toHaveLength(8);
        expect(rowsOf(report, `${policy}, prequential`)).not.toEqual(rowsOf(report, policy));
      }
      expect(readdirSync(temporary)).toEqual([]); // Its trees and their data are gone.
    },
    TIMEOUT_MS,
  );

  test(
    "asks for each user's last item through the API as well",
    async () => {
      const ended = await run("--input", writeWalks(), "--protocol", "loo", "--through-api", "--json");
      expect({ code: ended.code, trees: readdirSync(temporary) }).toEqual({ code: 0, trees: [] });
      const report = JSON.parse(ended.out) as EvaluationReport;
      expect(report.n_events).toBe(12);
      for (const policy of ["stream-v1", "trained"]) {
        expect(rowsOf(report, `${policy}, API`)).toEqual(rowsOf(report, policy));
      }
    },
    TIMEOUT_MS,
  );

  test("writes JSON, page and chart, and prints the table and the path", async () => {
    const ended = await run("--input", writeWalks(), "--run-id", "20260101_023000");
    expect({ code: ended.code, err: ended.err }).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^(?:training: .+\n)+$/),
    });
    const folder = join(dir, "reports", "metrics", "20260101_023000");
    expect(readdirSync(folder).sort()).toEqual(["evaluation.json", "evaluation.md", "evaluation.svg"]);
    const path = join(folder, "evaluation.json");
    expect(ended.out.trimEnd().split("\n").at(-1)).toBe(path);
    expect(ended.out).toMatch(/^model +ndcg@10/m);
    expect(ended.out).toMatch(/^trained - rules-v1 +0\.\d{4}/m);
    const report = JSON.parse(readFileSync(path, "utf8")) as EvaluationReport;
    expect(report).toMatchObject({ run_id: "20260101_023000", protocol: "rolling", n_users: 12 });
  });

  test.each([
    ["sessions through the API", ["--protocol", "session", "--through-api"], "--through-api goes with"],
    ["an unknown protocol", ["--protocol", "guess"], "rolling or loo or session"],
    ["a run id of another form", ["--run-id", "today"], "--run-id"],
    ["learning without an order of time", ["--protocol", "loo", "--prequential"], "--prequential"],
    ["an unknown flag", ["--fast"], "--fast"],
  ])("%s is bad usage", async (_, args, message) => {
    const ended = await run("--input", writeWalks(), ...args);
    expect(ended.code).toBe(64);
    expect(ended.err).toContain(message);
    expect(existsSync(join(dir, "reports"))).toBe(false);
  });

  test("fails without a report when nobody can be asked about", async () => {
    const file = join(dir, "one.csv");
    writeFileSync(file, "user_id,item_id,event_type,ts\nu,a,view,1500000000\n");
    const ended = await run("--input", file);
    expect(ended).toMatchObject({ code: 1, out: "" });
    expect(ended.err).toContain("finds nobody to ask about in 1 events");
    expect(existsSync(join(dir, "reports"))).toBe(false);
  });
});

/** Served slates in a whole tree: explained, asked why not, and made again, by the API and the command line. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { FORMS } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { Tree } from "../support/tree.ts";

const TIMEOUT_MS = 180_000;
const ENV = { RECO_DEADLINE_MS: "10000", HTTP_WORKERS: "2", RECO_DEFAULT_POLICY: "builtin:stream-v1" };
const RUN = "20260101_000000";

/** Users walk along chains of items, so that rules and popularity have something to say. */
function historyCsv(): string {
  const lines = ["event_id,user_id,item_id,event_type,ts"];
  const start = Math.floor(Date.now() / 1000) - 500_000;
  for (let user = 0; user < 60; user++) {
    for (let step = 0; step < 12; step++) {
      const item = (user * 7 + step * (1 + (user % 3))) % 60;
      lines.push(`history-${user}-${step},u-${user},i-${item},click,${start + user * 3_000 + step * 60}`);
    }
  }
  return lines.join("\n");
}

describe.each(FORMS)("served slates with the %s", (form) => {
  let tree: Tree;
  let dir: string;
  const reco = (...args: string[]) =>
    runReco(args, {
      form,
      cwd: dir,
      env: { RECO_BASE_URL: tree.url, RECO_DATA_DIR: tree.dataDir, REPORTS_DIR: join(dir, "reports") },
    });
  const getJson = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(tree.url + path, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const post = (path: string, body: object) =>
    getJson(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
  /** Each kind of request twice, the second of them answered from the kept list. */
  const serveAll = async (): Promise<readonly string[]> => {
    const wishes = [
      "user_id=u-1",
      "user_id=u-1",
      "user_id=u-2&exclude=i-3,i-4",
      `user_id=u-3&boost=${encodeURIComponent('item.item_id == "i-5" ? 3 : 1')}`,
      `user_id=u-4&filter=${encodeURIComponent('item.item_id != "i-7"')}`,
      "user_id=nobody&x_autolog_impressions=false",
    ];
    const ids: string[] = [];
    for (const wish of wishes) {
      const { status, body } = await getJson(`/reco?${wish}&session_id=s&k=10`);
      expect(status).toBe(200);
      ids.push(String(body["request_id"]));
    }
    return ids;
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "reco-slates-"));
    tree = await Tree.start({ form, env: ENV });
    writeFileSync(join(dir, "history.csv"), historyCsv());
    const imported = await reco("import", "--kind", "events", "--format", "csv", "--file", "history.csv");
    expect(imported.code).toBe(0);
    const trained = await reco("train", "--run-id", RUN);
    expect([trained.code, trained.code === 0 ? "" : trained.err]).toEqual([0, ""]);
    // Both workers know what is popular.
    await eventually(async () => {
      const calls = Array.from({ length: 12 }, () => getJson("/reco?user_id=nobody&session_id=s&k=10"));
      for (const { body } of await Promise.all(calls)) expect(body["items"]).toHaveLength(10);
    });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await tree?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true });
  }, TIMEOUT_MS);

  const check = async (requestId: string) => {
    // Read-your-writes: the slate is there soon after its answer.
    const { body: slate } = await eventually(async () => {
      const answer = await getJson(`/slates/${requestId}`);
      expect(answer.status).toBe(200);
      return answer;
    });
    const items = slate["items"] as { item_id: string; score: number }[];
    expect(items.length).toBe(10);
    const { body: explained } = await getJson(`/slates/${requestId}/explain`);
    for (const item of explained["items"] as { score: number; contributions: { contribution: number }[] }[]) {
      const sum = item.contributions.reduce((total, { contribution }) => total + contribution, 0);
      expect(sum).toBeCloseTo(item.score, 9);
    }
    const verdicts = await Promise.all(
      [items[0]?.item_id ?? "", "no such item"].map((id) =>
        getJson(`/slates/${requestId}/why-not/${encodeURIComponent(id)}`),
      ),
    );
    expect(verdicts.map(({ body }) => body["verdict"])).toEqual(["shown", "unknown_item"]);
    const replay = await post(`/slates/${requestId}/replay`, {});
    expect(replay).toMatchObject({ status: 200, body: { identical: true, differences: [] } });
    return slate;
  };

  test(
    "A25: every slate can be explained, asked and made again, before and after the policy changes",
    async () => {
      const builtIn = await serveAll();
      for (const requestId of builtIn) {
        expect(await check(requestId)).toMatchObject({ model_version: "stream-v1" });
      }
      const promoted = await reco("promote-policy", "--run-id", RUN);
      expect(promoted.code).toBe(0);
      const trained = await serveAll();
      for (const requestId of trained) {
        expect(await check(requestId)).toMatchObject({ policy: `default:${RUN}` });
      }
      // What has been learned, hidden and promoted since changes no replay.
      await post("/event", { user_id: "u-1", session_id: "s", item_id: "i-1", event_type: "click" });
      await fetch(`${tree.url}/catalog/items/i-2`, { method: "DELETE" });
      for (const requestId of [...builtIn, ...trained]) await check(requestId);
      const other = await post(`/slates/${builtIn[0]}/replay`, { policy: RUN });
      expect([other.status, (other.body["replayed"] as unknown[]).length]).toEqual([200, 10]);
      expect((await post(`/slates/${builtIn[0]}/replay`, { policy: "20250101_000000" })).status).toBe(404);
    },
    TIMEOUT_MS,
  );

  test(
    "the command line explains, tells why not, and replays",
    async () => {
      const [requestId = ""] = await serveAll();
      await check(requestId);
      const explained = await reco("explain", requestId);
      expect([explained.code, JSON.parse(explained.out)]).toMatchObject([0, { request_id: requestId }]);
      const whyNot = await reco("explain", requestId, "--item", "no such item");
      expect(JSON.parse(whyNot.out)).toMatchObject({ verdict: "unknown_item" });
      const replayed = await reco("replay-slate", requestId);
      expect([replayed.code, JSON.parse(replayed.out)]).toMatchObject([0, { identical: true }]);
      const unknown = await reco("replay-slate", "never-served");
      expect(unknown.code).toBe(1);
    },
    TIMEOUT_MS,
  );
});

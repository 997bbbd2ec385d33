import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { expectNothingLost } from "../support/history-check.ts";
import { Load } from "../support/load.ts";
import { processesOf } from "../support/own-processes.ts";
import { FORMS } from "../support/program.ts";
import { Tree } from "../support/tree.ts";

describe.each(FORMS)("a tree from the %s on the embedded default", (form) => {
  test("answers, stops clean, and finds its data again", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "reco-e2e-"));
    try {
      await using first = await Tree.start({ form, dataDir });
      const ts = Math.floor(Date.now() / 1000);
      const posted = await first.post("/event", { user_id: "u1", item_id: "i1", event_type: "click", ts });
      expect(posted.status).toBe(200);
      expect(await first.stop()).toBe(0);
      expect(processesOf(dataDir)).toEqual([]);

      await using second = await Tree.start({ form, dataDir });
      const answer = await second.get("/reco?user_id=u2&session_id=s1&k=5");
      expect(await answer.json()).toMatchObject({ items: ["i1"], model_version: "rules-v1" });
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 120_000);

  test("shows a click in the same user's next answer and a watch by overlay", async () => {
    await using tree = await Tree.start({ form });
    const ts = Math.floor(Date.now() / 1000);
    for (const item_id of ["a", "b"]) {
      await tree.post("/event", { user_id: "guide", item_id, event_type: "purchase", ts });
    }
    const itemsShown = async () => {
      const answer = await tree.get("/reco?user_id=u&session_id=s");
      return ((await answer.json()) as { items: string[] }).items;
    };
    // Popularity is refreshed at most once in 250 ms; the user's own history is not waited for below.
    await eventually(async () => expect(await itemsShown()).toEqual(["a", "b"]));
    await tree.post("/event", { user_id: "u", item_id: "a", event_type: "click", ts });
    expect(await itemsShown()).toEqual(["b"]);
    await tree.post("/log/watch", {
      user_id: "u",
      session_id: "s",
      request_id: "request-1",
      item_id: "b",
      ts_ms: Date.now(),
      watch_time_sec: 5,
    });
    expect(await itemsShown()).toEqual([]);
  }, 60_000);

  test("loses nothing acknowledged at SIGTERM under load and exits 0", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "reco-e2e-"));
    try {
      await using tree = await Tree.start({ form, dataDir });
      await using load = new Load(tree);
      await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(300), { timeoutMs: 20_000 });
      const code = await tree.stop();
      await load.stop();
      expect(code).toBe(0);
      expect(processesOf(dataDir)).toEqual([]);
      await using again = await Tree.start({ form, dataDir });
      await expectNothingLost(again, load.acknowledged);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 180_000);

  test("is ended by a second signal with exit code 2", async () => {
    await using tree = await Tree.start({ form, env: { RECO_FAILPOINTS: "http.stop=hang" } });
    tree.process.kill("SIGTERM");
    await eventually(() => expect(tree.output()).toContain("stopping"));
    tree.process.kill("SIGTERM");
    expect(await tree.process.exited).toBe(2);
    await eventually(() => expect(processesOf(tree.dataDir)).toEqual([]), { timeoutMs: 10_000 });
  }, 60_000);

  test("lists all configuration problems at once and exits 78", async () => {
    await using tree = Tree.spawn({
      form,
      args: ["--roles", "http,nonsense"],
      env: { KAFKA_BOOTSTRAP_SERVERS: "localhost" },
    });
    expect(await tree.process.exited).toBe(78);
    await eventually(() => {
      expect(tree.output()).toContain("nonsense");
      expect(tree.output()).toContain("KAFKA_BOOTSTRAP_SERVERS");
    });
  }, 30_000);
});

// Waits long for what the supervisor's settings say; which form the program has makes no difference to that.
test("a tree ends with exit code 70 when a child never gets ready", async () => {
  await using tree = Tree.spawn({ env: { RECO_FAILPOINTS: "relay.start=hang" } });
  expect(await tree.process.exited).toBe(70);
  expect(processesOf(tree.dataDir)).toEqual([]);
}, 120_000);

/** A trained run on its way into service and out of it, in a tree of two workers under load. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { FORMS } from "../support/program.ts";
import { runReco } from "../support/run-reco.ts";
import { Tree } from "../support/tree.ts";

const TIMEOUT_MS = 180_000;
const ENV = { RECO_DEADLINE_MS: "10000", HTTP_WORKERS: "2", RECO_DEFAULT_POLICY: "builtin:stream-v1" };

/** Users walk along chains of items, so that there is something to learn. */
function historyCsv(): string {
  const lines = ["event_id,user_id,item_id,event_type,ts"];
  const start = Math.floor(Date.now() / 1000) - 500_000;
  for (let user = 0; user < 120; user++) {
    for (let step = 0; step < 12; step++) {
      const item = (user * 7 + step * (1 + (user % 3))) % 60;
      const ts = start + user * 3_000 + step * 60;
      lines.push(`history-${user}-${step},u-${user},i-${item},click,${ts}`);
    }
  }
  return lines.join("\n");
}

interface Answer {
  readonly policy: string | null;
  readonly variant: string | null;
  readonly status: number;
  readonly modelVersion: string;
  readonly items: readonly string[];
}

describe.each(FORMS)("trained runs with the %s", (form) => {
  let tree: Tree;
  let dir: string;
  const runs: string[] = [];
  const reco = (...args: string[]) =>
    runReco(args, {
      form,
      cwd: dir,
      env: {
        RECO_BASE_URL: tree.url,
        RECO_DATA_DIR: tree.dataDir,
        REPORTS_DIR: join(dir, "reports"),
        MODELS_DIR: join(dir, "models"),
      },
    });
  const ask = async (userId: string, k = 10): Promise<Answer> => {
    const response = await fetch(
      `${tree.url}/reco?user_id=${userId}&session_id=s&k=${k}&x_autolog_impressions=false`,
    );
    const body = (await response.json()) as { model_version: string; items: string[] };
    return {
      status: response.status,
      policy: response.headers.get("x-reco-policy"),
      variant: response.headers.get("x-reco-variant"),
      modelVersion: body.model_version,
      items: body.items,
    };
  };
  const askMany = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => ask(`u-${n % 120}`)));
  const post = async (path: string, body: object) => {
    const response = await fetch(tree.url + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const promote = async (runId: string) => {
    const { code, out, err } = await reco("promote-policy", "--run-id", runId);
    expect([code, err]).toEqual([0, expect.any(String)]);
    return JSON.parse(out) as Record<string, unknown>;
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "reco-models-"));
    tree = await Tree.start({ form, env: { ...ENV, MODELS_DIR: join(dir, "models") } });
    writeFileSync(join(dir, "history.csv"), historyCsv());
    const imported = await reco("import", "--kind", "events", "--format", "csv", "--file", "history.csv");
    expect(imported.code).toBe(0);
    for (const runId of ["20260101_000000", "20260102_000000"]) {
      const trained = await reco("train", "--run-id", runId);
      expect([trained.code, trained.code === 0 ? "" : trained.err]).toEqual([0, ""]);
      runs.push(runId);
    }
  }, TIMEOUT_MS);
  afterAll(async () => {
    await tree?.[Symbol.asyncDispose]();
    // A tree that was started again on the folder leaves it behind.
    rmSync(tree.dataDir, { recursive: true, force: true });
    rmSync(dir, { recursive: true });
  }, TIMEOUT_MS);

  test(
    "A12: a promotion reaches every worker before the command returns, and a rollback takes it back",
    async () => {
      const [first = "", second = ""] = runs;
      expect((await askMany(8)).every(({ policy }) => policy === "builtin:stream-v1")).toBe(true);
      expect(await promote(first)).toMatchObject({
        run_id: first,
        slot: "default",
        active_slot: "default",
        promoted: true,
        workers_switched: 2,
      });
      const answers = await askMany(24);
      expect(new Set(answers.map(({ policy }) => policy))).toEqual(new Set([`default:${first}`]));
      expect(
        answers.every(({ modelVersion, items }) => modelVersion.endsWith(first) && items.length > 0),
      ).toBe(true);
      await promote(second);
      const back = await reco("rollback-policy", "--slot", "default");
      expect([back.code, JSON.parse(back.out).run_id]).toEqual([0, first]);
      expect(new Set((await askMany(16)).map(({ policy }) => policy))).toEqual(new Set([`default:${first}`]));
    },
    TIMEOUT_MS,
  );

  test(
    "an item put while a run serves is in the answers of every worker to users whom it fits",
    async () => {
      const [first = ""] = runs;
      await promote(first);
      const put = (itemId: string, tags: readonly string[]) =>
        fetch(`${tree.url}/catalog/items/${itemId}`, {
          method: "PUT",
          body: JSON.stringify({ title: `About ${itemId}`, tags }),
          headers: { "Content-Type": "application/json" },
        });
      for (let item = 0; item < 60; item++) {
        expect((await put(`i-${item}`, [`t-${item % 5}`])).status).toBe(200);
      }
      expect((await put("new-film", ["t-0", "t-1", "t-2", "t-3", "t-4"])).status).toBe(200);
      // Of 24 answers each of the two workers gives some.
      await eventually(
        async () => {
          const answers = await Promise.all(Array.from({ length: 24 }, () => ask("u-1", 200)));
          for (const { items, policy } of answers) {
            expect([policy, items.includes("new-film")]).toEqual([`default:${first}`, true]);
          }
        },
        { timeoutMs: 20_000 },
      );
      const url = `${tree.url}/reco?user_id=u-1&session_id=s&k=200&x_autolog_impressions=false&details=true`;
      const { details } = (await (await fetch(url)).json()) as { details: { items: { item_id: string }[] } };
      expect(details.items.find((item) => item.item_id === "new-film")).toMatchObject({ reason: "content" });
    },
    TIMEOUT_MS,
  );

  test(
    "A26: a run explores as its policy document says, and one request gets one slate from every worker",
    async () => {
      const path = "/reco?user_id=u-1&session_id=s&k=10&details=true&x_autolog_impressions=false";
      const slateOf = async (requestId: string) => {
        const headers = { "X-Request-ID": requestId, Connection: "close" };
        const { details } = (await (await fetch(tree.url + path, { headers })).json()) as {
          details: { items: { item_id: string; propensity: number }[] };
        };
        return details.items.map(({ item_id, propensity }) => [item_id, propensity] as const);
      };
      // Once every worker knows the items that were put last.
      await eventually(
        async () => {
          const repeated = await Promise.all(Array.from({ length: 16 }, () => slateOf("request-1")));
          for (const slate of repeated) expect(slate).toEqual(repeated[0] as (typeof repeated)[number]);
        },
        { timeoutMs: 20_000 },
      );
      const slates = await Promise.all(Array.from({ length: 100 }, (_, n) => slateOf(`request-${n}`)));
      const told = slates.flatMap((slate) => slate.map(([, propensity]) => propensity));
      expect(slates.every((slate) => slate.slice(0, 3).every(([, propensity]) => propensity === 1))).toBe(
        true,
      );
      const drawn = told.filter((propensity) => propensity < 0.5).length;
      // 700 places at 5 %: five standard deviations to either side.
      expect(drawn).toBeWithin(6, 64);
      expect(told.filter((propensity) => propensity === 0.95)).toHaveLength(700 - drawn);
    },
    TIMEOUT_MS,
  );

  test(
    "A11: a shadow answers its share of the users, always the same ones, and takes over when promoted",
    async () => {
      const [first = "", second = ""] = runs;
      const loaded = await post("/models/reload", { mode: "shadow", run_id: second, rollout: 0.5 });
      expect(loaded).toMatchObject({ status: 200, body: { shadow_rollout: 0.5, run_id: second } });
      const once = await askMany(120);
      const again = await askMany(120);
      expect(again.map(({ variant }) => variant)).toEqual(once.map(({ variant }) => variant));
      const shadowed = once.filter(({ variant }) => variant === "shadow");
      expect(shadowed.length).toBeWithin(35, 85);
      expect(new Set(shadowed.map(({ policy }) => policy))).toEqual(new Set([`shadow:${second}`]));
      const primary = once.filter(({ variant }) => variant === "primary");
      expect(new Set(primary.map(({ policy }) => policy))).toEqual(new Set([`default:${first}`]));
      expect((await post("/models/reload", {})).body).toMatchObject({ run_id: second, shadow_rollout: 0 });
      expect(new Set((await askMany(24)).map(({ policy }) => policy))).toEqual(
        new Set([`default:${second}`]),
      );
    },
    TIMEOUT_MS,
  );

  test(
    "F60: under load each answer is wholly of one model, and none fails, while models change",
    async () => {
      let isOver = false;
      const seen: Answer[] = [];
      const load = Array.from({ length: 8 }, async (_, lane) => {
        for (let call = 0; !isOver && call < 5_000; call++)
          seen.push(await ask(`u-${(call * 8 + lane) % 120}`));
      });
      for (const runId of [...runs, ...runs]) await promote(runId);
      isOver = true;
      await Promise.all(load);
      expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
      const mixed = seen.filter(
        ({ policy, modelVersion }) => !modelVersion.endsWith(policy?.split(":")[1] ?? "?"),
      );
      expect(mixed).toEqual([]);
      expect(new Set(seen.map(({ policy }) => policy)).size).toBe(2);
    },
    TIMEOUT_MS,
  );

  test(
    "a copy of a run with other weights is staged, deployed, loaded as a shadow, and answers as its document says",
    async () => {
      const [first = ""] = runs;
      const copy = "20260103_000000";
      const folder = join(dir, "by-popularity");
      cpSync(join(tree.dataDir, "objects", "runs", first), folder, { recursive: true });
      const file = join(folder, "decision_policy.json");
      const policy = JSON.parse(readFileSync(file, "utf8"));
      policy.run_id = copy;
      policy.serving = { betas: { decayed_popularity: 1 }, session_betas: { decayed_popularity: 1 } };
      writeFileSync(file, JSON.stringify(policy));

      const missing = await reco("stage-model", join(dir, "nothing"));
      expect([missing.code, missing.err]).toEqual([1, expect.stringContaining("no such folder")]);
      const staged = await reco("stage-model", folder, "--deploy");
      expect([staged.code, staged.out.trim()]).toEqual([0, join(dir, "models", "staging", "by-popularity")]);
      const answers = await askMany(16);
      expect(new Set(answers.map(({ policy: by }) => by))).toEqual(new Set([`default:${copy}`]));
      expect(answers.every(({ modelVersion }) => modelVersion.endsWith(copy))).toBe(true);
      const details = await fetch(`${tree.url}/reco?user_id=u-1&session_id=s&details=true`);
      const body = (await details.json()) as { details: { items: { sources: { name: string }[] }[] } };
      const names = body.details.items.flatMap(({ sources }) => sources.map(({ name }) => name));
      expect(names).toContain("decayed_popularity");
      for (const learned of ["ease", "sequential_rules", "item_knn"]) expect(names).not.toContain(learned);

      await promote(first);
      const source = staged.out.trim();
      expect((await post("/models/reload", { mode: "shadow", source, rollout: 1 })).body).toMatchObject({
        run_id: copy,
        shadow_rollout: 1,
      });
      expect(new Set((await askMany(16)).map(({ variant }) => variant))).toEqual(new Set(["shadow"]));
      expect((await post("/models/reload", { source: dir })).status).toBe(400);
      expect((await post("/models/reload", { run_id: first, rollout: 0 })).status).toBe(200);
    },
    TIMEOUT_MS,
  );

  test(
    "old runs that serve nowhere are pruned, once they are told to be",
    async () => {
      const folder = join(tree.dataDir, "objects", "runs");
      const [first = ""] = runs;
      const old = Array.from({ length: 22 }, (_, n) => `202001${String(n + 1).padStart(2, "0")}_000000`);
      for (const runId of old) cpSync(join(folder, first), join(folder, runId), { recursive: true });
      const before = readdirSync(folder);
      // Those of the tests before are younger by their names, and there are no more than 20 of both.
      const expected = old.slice(0, before.length - 20);
      const told = await reco("runs", "prune");
      expect([told.code, JSON.parse(told.out)]).toEqual([
        0,
        { dry_run: true, runs: before.length, kept: 20, pruned: expected },
      ]);
      expect(readdirSync(folder)).toEqual(before);
      expect((await reco("runs", "prune", "--apply")).code).toBe(0);
      expect(readdirSync(folder).sort()).toEqual(before.filter((name) => !expected.includes(name)).sort());
      for (const runId of old) rmSync(join(folder, runId), { recursive: true, force: true });
      expect((await ask("u-1")).status).toBe(200);
    },
    TIMEOUT_MS,
  );

  test(
    "F66: a corrupt model is refused by its checksum, and the old one serves on",
    async () => {
      const [first = "", second = ""] = runs;
      await promote(second);
      const bundle = join(tree.dataDir, "objects", "runs", first, "bundle.bin");
      copyFileSync(bundle, join(dir, "kept.bin"));
      appendFileSync(bundle, "x");
      const refused = await reco("promote-policy", "--run-id", first);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("Model checksum mismatch")]);
      expect((await post("/policy/promote", { run_id: first })).body).toMatchObject({
        error_code: "conflict",
      });
      expect(new Set((await askMany(16)).map(({ policy }) => policy))).toEqual(
        new Set([`default:${second}`]),
      );
      copyFileSync(join(dir, "kept.bin"), bundle);
      const unknown = await reco("promote-policy", "--run-id", "20200101_000000");
      expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining("Run not found")]);
    },
    TIMEOUT_MS,
  );

  test(
    "what is promoted serves after a restart; without its file the built-in policy does, and /ready says so",
    async () => {
      const [, second = ""] = runs;
      const { dataDir } = tree;
      await tree.stop();
      tree = await Tree.start({ form, env: ENV, dataDir });
      expect((await ask("u-1")).policy).toBe(`default:${second}`);
      await tree.stop();
      const bundle = join(dataDir, "objects", "runs", second, "bundle.bin");
      copyFileSync(bundle, join(dir, "kept.bin"));
      rmSync(bundle);
      tree = await Tree.start({ form, env: ENV, dataDir });
      expect((await ask("u-1")).policy).toBe("builtin:stream-v1");
      expect((await fetch(`${tree.url}/ready`)).status).toBe(503);
      copyFileSync(join(dir, "kept.bin"), bundle);
      await eventually(async () => expect((await fetch(`${tree.url}/ready`)).status).toBe(200), {
        timeoutMs: 30_000,
      });
      expect((await ask("u-1")).policy).toBe(`default:${second}`);
    },
    TIMEOUT_MS,
  );
});

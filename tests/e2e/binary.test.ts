/** What the compiled program promises beyond the sources: it needs nothing beside it, as any user, in any folder. */

import { describe, expect, test } from "bun:test";
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DOCS_ASSETS } from "../../src/http/docs-assets.ts";
import { packageVersion, platformPackageDir } from "../../src/stores/postgres/embedded-binaries.ts";
import { eventually } from "../support/eventually.ts";
import { storeUrlOf } from "../support/history-check.ts";
import { filesOf, pidsOf, processesOf } from "../support/own-processes.ts";
import { ROOT } from "../support/program.ts";
import { Tree, type TreeOptions } from "../support/tree.ts";

const TIMEOUT_MS = 120_000;
const NOBODY = 65_534;
const AS_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
/** Below the data folder. */
const POSTGRES = `pg-${packageVersion(platformPackageDir())}/bin/postgres`;
const isRoot = process.getuid?.() === 0;

/** Starts a shell that puts an empty folder over the source tree, for itself and what it runs, and runs the rest. */
const WITHOUT_SOURCES = [
  ...["unshare", "--mount", "sh", "-c"],
  `mount -t tmpfs none '${ROOT}' && test -z "$(ls -A '${ROOT}')" && exec "$@"`,
  "sh",
];
const canHideSources = isRoot && Bun.spawnSync([...WITHOUT_SOURCES, "true"]).success;

const start = (options: TreeOptions = {}) => Tree.start({ form: "binary", ...options });
const actorsOf = (tree: Tree) => new Set(tree.actors().map(({ id }) => id.replace(/-\d+$/, "")));
const usersOf = (dataDir: string) => new Set(pidsOf(dataDir).map((pid) => statSync(`/proc/${pid}`).uid));
const running = (tree: Tree) =>
  eventually(() => {
    expect(tree.actors()).not.toEqual([]);
    expect(tree.actors().filter(({ state }) => state !== "running")).toEqual([]);
  });

async function expectItWorks(tree: Tree): Promise<void> {
  const ts = Math.floor(Date.now() / 1000);
  const event = { user_id: "u", item_id: "i", event_type: "click", ts };
  expect((await tree.post("/event", event)).status).toBe(200);
  await eventually(async () => {
    const answer = await tree.get("/reco?user_id=other&session_id=s");
    expect(await answer.json()).toMatchObject({ items: ["i"], model_version: "rules-v1" });
  });
}

describe("the compiled program", () => {
  test(
    "starts cold among files that are not its own, opens none of the sources, and unpacks once",
    async () => {
      const dataDir = mkdtempSync(join(tmpdir(), "reco-e2e-"));
      writeFileSync(join(dataDir, "bunfig.toml"), 'preload = ["./nowhere.ts"]\n');
      writeFileSync(join(dataDir, "tsconfig.json"), "{{");
      writeFileSync(join(dataDir, "package.json"), "{{");
      try {
        await using first = await start({ dataDir, env: { HOME: undefined } });
        await expectItWorks(first);
        expect(actorsOf(first)).toEqual(
          new Set(["store", "migrator", "monitor", "consumer", "relay", "writer", "http"]),
        );
        const open = pidsOf(dataDir).flatMap(filesOf);
        expect(open.filter((path) => path.startsWith(ROOT))).toEqual([]);
        expect(open).toContain(join(dataDir, POSTGRES));
        const unpacked = statSync(join(dataDir, POSTGRES)).ino;
        expect(await first.stop()).toBe(0);
        expect(processesOf(dataDir)).toEqual([]);

        await using second = await start({ dataDir, env: { HOME: "" } });
        await expectItWorks(second);
        expect(statSync(join(dataDir, POSTGRES)).ino).toBe(unpacked);
      } finally {
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );

  test(
    "serves the documentation from within",
    async () => {
      await using tree = await start();
      const bytes = async (path: string) => Buffer.from(await (await tree.get(path)).arrayBuffer());
      expect(String(await bytes("/docs"))).toContain("swagger-ui");
      for (const [path, asset] of [
        ["/docs/swagger-ui.css", DOCS_ASSETS.style],
        ["/docs/swagger-ui-bundle.js", DOCS_ASSETS.bundle],
      ] as const) {
        expect((await bytes(path)).equals(Buffer.from((await asset()).body as Uint8Array))).toBe(true);
      }
      expect(JSON.parse(String(await bytes("/openapi.json")))).toHaveProperty("openapi");
    },
    TIMEOUT_MS,
  );

  test(
    "runs each role in a tree of its own",
    async () => {
      await using http = await start({ args: ["--roles", "http"] });
      const env = { DATABASE_URL: storeUrlOf(http) };
      const alone = (role: string) => Tree.spawn({ form: "binary", env, args: ["--roles", role] });
      await using monitor = alone("monitor");
      await using consumer = alone("consumer");
      await using relay = alone("relay");
      await Promise.all([monitor, consumer, relay].map(running));
      await http.post("/log/watch", {
        ...{ user_id: "u", session_id: "s", request_id: "request-1", item_id: "watched" },
        ...{ ts_ms: Date.now(), watch_time_sec: 60, percent_watched: 90 },
      });
      await eventually(
        async () => {
          const answer = await http.get("/reco?user_id=other&session_id=s");
          expect(await answer.json()).toMatchObject({ items: ["watched"] });
        },
        { timeoutMs: 30_000 },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "started twice at once on an empty folder, serves once and refuses once",
    async () => {
      const dataDir = mkdtempSync(join(tmpdir(), "reco-e2e-"));
      try {
        await using one = Tree.spawn({ form: "binary", dataDir });
        await using two = Tree.spawn({ form: "binary", dataDir });
        const winner = await Promise.any([one, two].map(async (tree) => tree.ready().then(() => tree)));
        const loser = winner === one ? two : one;
        expect(await loser.process.exited).toBe(78);
        await expectItWorks(winner);
        expect(await winner.stop()).toBe(0);
      } finally {
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
    TIMEOUT_MS,
  );

  test.if(canHideSources)(
    "works where the source tree is not there",
    async () => {
      await using tree = await start({ through: WITHOUT_SOURCES });
      await expectItWorks(tree);
    },
    TIMEOUT_MS,
  );

  test.if(isRoot)(
    "works for a normal user below a folder that is that user's alone",
    async () => {
      const parent = mkdtempSync(join(tmpdir(), "reco-e2e-"));
      try {
        const dataDir = join(parent, "data");
        mkdirSync(dataDir, { mode: 0o700 });
        for (const path of [parent, dataDir]) chownSync(path, NOBODY, NOBODY);
        await using tree = await start({ dataDir, through: AS_NOBODY, env: { HOME: undefined } });
        await expectItWorks(tree);
        expect(usersOf(dataDir)).toEqual(new Set([NOBODY]));
      } finally {
        rmSync(parent, { recursive: true });
      }
    },
    TIMEOUT_MS,
  );

  test.if(isRoot)(
    "has another user run PostgreSQL where root may make no namespaces",
    async () => {
      await using tree = await start({ env: { PATH: "/nowhere" } });
      await expectItWorks(tree);
      expect(usersOf(tree.dataDir)).toEqual(new Set([0, NOBODY]));
    },
    TIMEOUT_MS,
  );
});

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { expectNothingLost, storeOf } from "../support/history-check.ts";
import { Load } from "../support/load.ts";
import { processesOf } from "../support/own-processes.ts";
import { FORMS } from "../support/program.ts";
import { Tree, type TreeOptions } from "../support/tree.ts";

const RECOVERY_MS = 45_000;

/**
 * Faults under load take the time of minutes, so they strike the compiled program alone, which is what people run;
 * tests/runtime and tests/integration kill and freeze the same actors from the sources.
 */
const startTree = (options: TreeOptions = {}) => Tree.start({ form: "binary", ...options });

/** Injects a fault under load, waits for recovery, and holds the history against the store. */
async function survives(
  tree: Tree,
  fault: (tree: Tree) => Promise<void>,
  recovered: (tree: Tree) => void | Promise<void>,
): Promise<Load> {
  await using load = new Load(tree);
  const acknowledged = (atLeast: number) =>
    eventually(() => expect(load.acknowledged.length).toBeGreaterThan(atLeast), { timeoutMs: RECOVERY_MS });
  await acknowledged(200);
  await fault(tree);
  await eventually(() => recovered(tree), { timeoutMs: RECOVERY_MS, intervalMs: 100 });
  await acknowledged(load.acknowledged.length + 200);
  await load.stop();
  await expectNothingLost(tree, load.acknowledged);
  return load;
}

const restarted = (id: string, before: number) => (tree: Tree) => {
  expect(tree.actor(id).incarnation).toBeGreaterThan(before);
  expect(tree.actor(id).state).toBe("running");
};

describe("a process actor", () => {
  for (const id of ["consumer-0", "relay", "monitor"]) {
    for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
      test(`${id} comes back after ${signal} while its siblings serve on`, async () => {
        await using tree = await startTree();
        const { pid, incarnation } = tree.actor(id);
        const load = await survives(
          tree,
          async () => {
            process.kill(pid, signal);
          },
          restarted(id, incarnation),
        );
        for (const route of ["watch", "direct", "reco"]) {
          expect(load.troubles(route)).toEqual([]);
        }
      }, 180_000);
    }
  }
});

test("F32: a consumer whose handler hangs is killed and restarted, and its records are applied", async () => {
  await using tree = await startTree({
    env: { RECO_FAILPOINTS: "consumer.after_commit=hang@40", CONSUMER_WORKERS: "1" },
  });
  const { incarnation } = tree.actor("consumer-0");
  await using load = new Load(tree, { workers: 2 });
  // Hints of the relay come all the while.
  await eventually(() => restarted("consumer-0", incarnation)(tree), { timeoutMs: 90_000, intervalMs: 100 });
  expect(tree.actor("consumer-0").lastExit).toContain("unresponsive");
  await load.stop();
  expect(load.troubles("watch")).toEqual([]);
  // It would hang again and again.
  tree.process.kill("SIGKILL");
  await eventually(() => expect(processesOf(tree.dataDir)).toEqual([]), { timeoutMs: 15_000 });
  await using next = await startTree({ dataDir: tree.dataDir });
  await expectNothingLost(next, load.acknowledged);
}, 240_000);

describe("a thread actor", () => {
  for (const action of ["throw", "reject", "spin"]) {
    test(`http-0 comes back after ${action}`, async () => {
      await using tree = await startTree({ env: { RECO_FAILPOINTS: `http.request=${action}@400` } });
      const { incarnation } = tree.actor("http-0");
      await survives(tree, async () => {}, restarted("http-0", incarnation));
    }, 180_000);

    test(`writer comes back after ${action}`, async () => {
      await using tree = await startTree({ env: { RECO_FAILPOINTS: `writer.receive=${action}@150` } });
      const { incarnation } = tree.actor("writer");
      await survives(tree, async () => {}, restarted("writer", incarnation));
    }, 180_000);
  }
});

/** The server's own process: the first line of its pid file. */
const postmaster = (tree: Tree) =>
  Number(readFileSync(join(tree.dataDir, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);

const ready = async (tree: Tree) => {
  const answer = await tree.get("/readyz");
  await answer.body?.cancel();
  expect(answer.status).toBe(200);
};

describe("the store actor", () => {
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    test(`comes back with its server after ${signal}, and nothing acknowledged is lost`, async () => {
      await using tree = await startTree();
      const { pid, incarnation } = tree.actor("store");
      const load = await survives(
        tree,
        async () => {
          process.kill(pid, signal);
          await eventually(() => restarted("store", incarnation)(tree), { timeoutMs: RECOVERY_MS });
        },
        ready,
      );
      expect(load.troubles("reco")).toEqual([]);
      expect(unexpected(load)).toEqual([]);
    }, 180_000);
  }
});

describe("PostgreSQL", () => {
  test("F7: killed: ingest answers 503, /reco keeps answering, and all recovers", async () => {
    await using tree = await startTree();
    const load = await survives(
      tree,
      async () => {
        process.kill(postmaster(tree), "SIGKILL");
        await eventually(() => expect(tree.actor("store").incarnation).toBeGreaterThan(1), {
          timeoutMs: RECOVERY_MS,
        });
      },
      ready,
    );
    expect(load.troubles("reco")).toEqual([]);
    expect(unexpected(load)).toEqual([]);
  }, 180_000);

  test("F8: frozen for 5 s: callers get 503 in time and all recovers", async () => {
    await using tree = await startTree();
    const load = await survives(
      tree,
      async () => {
        const pids = serverProcesses(tree);
        for (const pid of pids) process.kill(pid, "SIGSTOP");
        await Bun.sleep(5_000);
        for (const pid of pids) process.kill(pid, "SIGCONT");
      },
      ready,
    );
    expect(load.troubles("reco")).toEqual([]);
    expect(unexpected(load)).toEqual([]);
    expect([...load.answers.keys()].some((answer) => answer.endsWith("503 persist_failed"))).toBe(true);
  }, 180_000);
});

/** Answers to ingest that a client could not act on. */
const unexpected = (load: Load) =>
  ["watch", "direct"]
    .flatMap((route) => load.troubles(route))
    .filter((answer) => !answer.endsWith("503 persist_failed"));

/** Every process of the embedded server. */
function serverProcesses(tree: Tree): number[] {
  const parent = postmaster(tree);
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  return [parent, ...children.map(Number)];
}

describe.each(FORMS)("the supervisor of the %s killed with -9", (form) => {
  test("leaves no process and no lease, and the next start finds its data", async () => {
    await using tree = await Tree.start({ form });
    await using load = new Load(tree);
    await eventually(() => expect(load.acknowledged.length).toBeGreaterThan(200), { timeoutMs: 20_000 });
    tree.process.kill("SIGKILL");
    await load.stop();
    await eventually(() => expect(processesOf(tree.dataDir)).toEqual([]), { timeoutMs: 15_000 });
    await using next = await Tree.start({ form, dataDir: tree.dataDir });
    // A lease left behind would have to run out first, which takes three times as long.
    await eventually(() => expectLeasesHeld(next), { timeoutMs: 10_000 });
    await expectNothingLost(next, load.acknowledged);
  }, 180_000);
});

/** Every outbox partition is renewed by a relay whose heartbeat is the newest. */
async function expectLeasesHeld(tree: Tree): Promise<void> {
  const sql = storeOf(tree);
  try {
    const owners = await sql`select distinct owner from outbox_partition where owner is not null`;
    const [newest] =
      await sql`select relay_id as owner from outbox_relay_member order by started_at desc limit 1`;
    expect(owners.map((row) => row["owner"])).toEqual([newest?.["owner"]]);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

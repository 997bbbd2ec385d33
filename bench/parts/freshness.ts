/**
 * How soon an acknowledged event is in the next answer: in the worker that took it, in another worker of the tree, and,
 * for a watch, in the stored features at the end of the whole loop. The reference is the acknowledgement itself.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { USERS, userName } from "../data/names.ts";
import { withEvents } from "../support/background-events.ts";
import { type Bar, type Figure, figure } from "../support/figure.ts";
import type { PartOptions, PartResult } from "../support/part.ts";
import type { PinnedClient } from "../support/pinned-client.ts";
import { Server } from "../support/server.ts";
import { percentile } from "../support/statistics.ts";
import { openStore, type Store } from "../support/store.ts";
import { clientsOfWorkers } from "../support/workers.ts";

const WORKERS = 2;
const SAMPLES_A_ROUND = 100;
/** For the tree to settle between samples, so that each one is measured alone. */
const PAUSE_MS = 10;
const GIVE_UP_MS = 5_000;

type Kind = "event" | "watch";

/** In ms after the acknowledgement, but for the acknowledgement's own time. */
interface Sample {
  readonly kind: Kind;
  readonly acknowledged: number;
  readonly sameWorker: number;
  /** Answers of the same worker that did not know the event yet. */
  readonly staleAnswers: number;
  readonly otherWorker: number;
  readonly stored: number;
}

export async function freshness(options: PartOptions): Promise<PartResult> {
  await using store = await openStore();
  const folder = mkdtempSync(join(tmpdir(), "reco-bench-log-"));
  using stack = new DisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = join(folder, "log");
  await using tree = await Server.tree({
    databaseUrl: store.url,
    roles: "http,relay,consumer,monitor",
    workers: WORKERS,
    logFile,
  });
  const [same, other] = await clientsOfWorkers(tree.port, logFile, WORKERS, stack);
  if (!same || !other) throw new Error("a worker has no client");
  const rounds: Sample[][] = [];
  await withEvents(tree.port, async () => {
    for (let round = 0; round < options.rounds; round++) {
      const samples: Sample[] = [];
      for (let index = 0; index < SAMPLES_A_ROUND; index++) {
        samples.push(await sample(index % 2 === 0 ? "event" : "watch", store, same, other));
        await Bun.sleep(PAUSE_MS);
      }
      rounds.push(samples);
    }
  });
  const stale = rounds.flat().reduce((sum, { staleAnswers }) => sum + staleAnswers, 0);
  return {
    figures: [...figuresOf("event", rounds), ...figuresOf("watch", rounds)],
    rounds,
    refused: stale > 0 ? [`${stale} answers of the same worker did not know an acknowledged event`] : [],
  };
}

/** The user sees the first item of the own list: it must be gone from the next one. */
async function sample(kind: Kind, store: Store, same: PinnedClient, other: PinnedClient): Promise<Sample> {
  const userId = userName(Math.floor(USERS * Math.random()));
  const path = `/reco?user_id=${userId}&session_id=s-1&x_autolog_impressions=false`;
  await other.get(path);
  const itemId = itemsOf((await same.get(path)).body)[0] ?? "";
  const startedMs = performance.now();
  const posted = await same.post(...eventOf(kind, userId, itemId));
  const acknowledgedMs = performance.now();
  if (posted.status !== 200) throw new Error(`an event was answered ${posted.status}`);
  const inMemory = (client: PinnedClient) => async () =>
    !itemsOf((await client.get(path)).body).includes(itemId);
  const isStored = async () =>
    (await store.sql`select from user_history where user_id = ${userId} and item_id = ${itemId}`).length > 0;
  const [inSame, inOther, inStore] = await Promise.all([
    until(inMemory(same), acknowledgedMs),
    until(inMemory(other), acknowledgedMs),
    until(isStored, acknowledgedMs),
  ]);
  return {
    kind,
    acknowledged: acknowledgedMs - startedMs,
    sameWorker: inSame.afterMs,
    staleAnswers: inSame.tries - 1,
    otherWorker: inOther.afterMs,
    stored: inStore.afterMs,
  };
}

const itemsOf = (body: string) => (JSON.parse(body) as { items: string[] }).items;

function eventOf(kind: Kind, userId: string, itemId: string): [path: string, body: object] {
  const ids = { event_id: `fresh-${crypto.randomUUID()}`, user_id: userId, item_id: itemId };
  if (kind === "event") return ["/event", { ...ids, event_type: "click", ts: Date.now() }];
  const watch = {
    session_id: "s-1",
    request_id: "bench",
    ts_ms: Date.now(),
    watch_time_sec: 60,
    percent_watched: 90,
  };
  return ["/log/watch", { ...ids, ...watch }];
}

async function until(
  holds: () => Promise<boolean>,
  sinceMs: number,
): Promise<{ afterMs: number; tries: number }> {
  for (let tries = 1; performance.now() - sinceMs < GIVE_UP_MS; tries++) {
    if (await holds()) return { afterMs: performance.now() - sinceMs, tries };
  }
  throw new Error("an acknowledged event did not arrive");
}

function figuresOf(kind: Kind, rounds: readonly (readonly Sample[])[]): Figure[] {
  const p99 = (what: string, pick: (each: Sample) => number, bar: Bar | null) =>
    figure(
      `${kind}: ${what}, p99`,
      "ms",
      "its acknowledgement, p99",
      rounds.map((samples) => {
        const own = samples.filter((each) => each.kind === kind);
        return {
          value: percentile(own.map(pick), 99),
          reference: percentile(
            own.map((each) => each.acknowledged),
            99,
          ),
        };
      }),
      bar,
    );
  const within = (limit: number): Bar => ({ of: "value", is: "<=", limit });
  return [
    p99("next answer of the same worker", ({ sameWorker }) => sameWorker, null),
    p99("next answer of another worker", ({ otherWorker }) => otherWorker, within(50)),
    p99("stored features", ({ stored }) => stored, within(250)),
  ];
}

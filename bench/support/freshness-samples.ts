/** How soon single acknowledged events are in the next answers and in the stored features of a tree. */

import { USERS, userName } from "../data/names.ts";
import type { PinnedAnswer, PinnedClient } from "./pinned-client.ts";
import type { Store } from "./store.ts";

/** For the tree to settle between samples, so that each one is measured alone. */
const PAUSE_MS = 10;
const GIVE_UP_MS = 5_000;
/** A loop that is behind its events stores them whenever it gets there. */
const STORED_WITHIN_MS = 1_000;
/** Asking without a pause would take the core that the loop needs. */
const STORE_POLL_MS = 2;

const NEVER = { afterMs: Number.POSITIVE_INFINITY };

export type EventKind = "event" | "watch";

/** In ms after the acknowledgement, but for the acknowledgement's own time. */
export interface FreshnessSample {
  readonly kind: EventKind;
  readonly acknowledged: number;
  readonly sameWorker: number;
  /** Answers of the same worker that did not know the event yet. */
  readonly staleAnswers: number;
  readonly otherWorker: number;
  /** 503 of either worker, asked again at once. */
  readonly shedAnswers: number;
  /** Infinity: not within a second. */
  readonly stored: number;
}

/** `count` events of random users, posted to `same`, of these kinds in turn. */
export async function freshnessSamples(
  store: Store,
  { same, other }: { readonly same: PinnedClient; readonly other: PinnedClient },
  kinds: readonly EventKind[],
  count: number,
): Promise<readonly FreshnessSample[]> {
  const samples: FreshnessSample[] = [];
  for (let index = 0; index < count; index++) {
    samples.push(await sample(kinds[index % kinds.length] ?? "event", store, same, other));
    await Bun.sleep(PAUSE_MS);
  }
  return samples;
}

/** The user sees the first item of the own list: it must be gone from the next one. */
async function sample(
  kind: EventKind,
  store: Store,
  same: PinnedClient,
  other: PinnedClient,
): Promise<FreshnessSample> {
  const userId = userName(Math.floor(USERS * Math.random()));
  const path = `/reco?user_id=${userId}&session_id=s-1&x_autolog_impressions=false`;
  await other.get(path);
  const itemId = (await firstItem(same, path)) ?? "";
  const startedMs = performance.now();
  const posted = await same.post(...eventOf(kind, userId, itemId));
  const acknowledgedMs = performance.now();
  if (posted.status !== 200) throw new Error(`an event was answered ${posted.status}`);
  let shedAnswers = 0;
  const inMemory = (client: PinnedClient) => async () => {
    const answer = await client.get(path);
    if (isShed(answer)) shedAnswers++;
    return !isShed(answer) && !itemsOf(answer).includes(itemId);
  };
  const isStored = async () => {
    await Bun.sleep(STORE_POLL_MS);
    return (
      (await store.sql`select from user_history where user_id = ${userId} and item_id = ${itemId}`).length > 0
    );
  };
  const [inSame, inOther, inStore] = await Promise.all([
    until("in the same worker's answers", inMemory(same), acknowledgedMs),
    until("in the other worker's answers", inMemory(other), acknowledgedMs),
    until("in the stored features", isStored, acknowledgedMs, STORED_WITHIN_MS).catch(() => NEVER),
  ]);
  return {
    kind,
    acknowledged: acknowledgedMs - startedMs,
    sameWorker: inSame.afterMs,
    staleAnswers: inSame.tries - 1,
    otherWorker: inOther.afterMs,
    shedAnswers,
    stored: inStore.afterMs,
  };
}

const isShed = ({ status }: PinnedAnswer) => status === 503;

async function firstItem(client: PinnedClient, path: string): Promise<string | undefined> {
  const endMs = performance.now() + GIVE_UP_MS;
  for (;;) {
    const answer = await client.get(path);
    // One that is still shed at the end is told as what it is.
    if (!isShed(answer) || performance.now() > endMs) return itemsOf(answer)[0];
    await Bun.sleep(PAUSE_MS);
  }
}

function itemsOf({ status, body }: PinnedAnswer): readonly string[] {
  if (status !== 200) throw new Error(`/reco was answered ${status}: ${body}`);
  return (JSON.parse(body) as { items: string[] }).items;
}

function eventOf(kind: EventKind, userId: string, itemId: string): [path: string, body: object] {
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
  where: string,
  holds: () => Promise<boolean>,
  sinceMs: number,
  withinMs = GIVE_UP_MS,
): Promise<{ afterMs: number; tries: number }> {
  for (let tries = 1; performance.now() - sinceMs < withinMs; tries++) {
    if (await holds()) return { afterMs: performance.now() - sinceMs, tries };
  }
  throw new Error(`an acknowledged event was not ${where} after ${withinMs} ms`);
}

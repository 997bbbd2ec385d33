/** Slates on their way from an http worker to the writer: after the answers, bounded, and never in their way. */

import { describe, expect, test } from "bun:test";
import { createSlateLog } from "../../../src/actors/http-slates.ts";
import { type SlatesMessage, unpackSlates } from "../../../src/actors/slate-message.ts";
import { SlateWriter } from "../../../src/actors/slate-writer.ts";
import type { WriterMessage } from "../../../src/actors/writer.ts";
import { StoreUnavailableError } from "../../../src/core/errors.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { Basis } from "../../../src/recommend/slates/features.ts";
import type { SlateBatch } from "../../../src/recommend/slates/slate.ts";
import { readFeatures } from "../../../src/recommend/slates/written-features.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { anAnswer, recordingLog } from "../../support/fakes/http-services.ts";
import { manualClock, settled } from "../../support/manual-clock.ts";
import { someFeatures } from "../../support/slates.ts";

function aLog() {
  const metrics = createMetrics();
  const clock = manualClock(1_000_000);
  const messages: SlatesMessage[] = [];
  const state = { isFull: false };
  const turns: (() => void)[] = [];
  const log = createSlateLog({
    writer: {
      offer(message: WriterMessage) {
        if (state.isFull) return { sent: false, reason: "full" };
        // As it arrives in another thread.
        messages.push(structuredClone(message) as SlatesMessage);
        return { sent: true };
      },
    },
    clock,
    random: seededRandom(1),
    metrics,
    log: recordingLog([]),
    turn: () => new Promise((resolve) => turns.push(resolve)),
  });
  const next = () => {
    turns.shift()?.();
    return settled();
  };
  const counted = (outcome: string) => countedIn(metrics, outcome);
  const batches = () => messages.map(unpackSlates);
  return { log, state, next, counted, batches };
}

function countedIn(metrics: ReturnType<typeof createMetrics>, outcome: string): number {
  const series = metrics
    .snapshot()
    .series.find((each) => each.name === "reco_slate_log_total" && each.labels["outcome"] === outcome);
  return series?.values.at(-1) ?? 0;
}

const answered = (requestId: string, basis?: Basis) => {
  const answer = anAnswer(2);
  return {
    requestId,
    servedAtMs: 1_000_000,
    surface: "default",
    request: { userId: "u-1", sessionId: "s-1", k: 2, exclude: new Set<string>() },
    answer: basis ? { ...answer, list: { ...answer.list, basis } } : answer,
  };
};

describe("a worker's slates", () => {
  test("are described and handed over after the answer, a few a turn", async () => {
    const { log, next, batches } = aLog();
    let described = 0;
    const basis = () =>
      new Basis(() => {
        described++;
        return someFeatures();
      });
    for (let place = 0; place < 10; place++) log.offer(answered(`request-${place}`, basis()));
    await settled();
    expect([described, batches().length]).toEqual([0, 0]);
    await next();
    expect(batches().map(({ slates }) => slates.length)).toEqual([8]);
    await next();
    expect(batches().map(({ slates }) => slates.length)).toEqual([8, 2]);
    const [first] = batches()[0]?.features ?? [];
    expect(readFeatures(first?.written as Uint8Array)).toEqual(someFeatures());
  });

  test("of one kept list bring its features once, and name them every time", async () => {
    const { log, next, batches } = aLog();
    const basis = new Basis(someFeatures);
    log.offer(answered("request-1", basis));
    await next();
    log.offer(answered("request-2", basis));
    await next();
    const [first, second] = batches() as [SlateBatch, SlateBatch];
    expect([first.features.length, second.features.length]).toEqual([1, 0]);
    expect(second.slates[0]?.featuresId).toBe(first.features[0]?.id as string);
    expect(basis.describe()).toBeNull();
  });

  test("are dropped and counted where the writer is full, and later ones do not name what was lost", async () => {
    const { log, next, batches, counted, state } = aLog();
    const basis = new Basis(someFeatures);
    state.isFull = true;
    log.offer(answered("request-1", basis));
    await next();
    expect(counted("dropped")).toBe(1);
    state.isFull = false;
    log.offer(answered("request-2", basis));
    await next();
    expect(batches()[0]?.slates[0]?.featuresId).toBeNull();
  });

  test("wait in bounded number", async () => {
    const { log, counted } = aLog();
    for (let place = 0; place < 1_005; place++) log.offer(answered(`request-${place}`));
    expect(counted("dropped")).toBe(5);
  });

  test("are handed over at the end", () => {
    const { log, batches } = aLog();
    for (let place = 0; place < 10; place++) log.offer(answered(`request-${place}`));
    log.close();
    expect(batches().flatMap(({ slates }) => slates)).toHaveLength(10);
  });
});

function aWriter(store: (batch: SlateBatch) => Promise<number>) {
  const metrics = createMetrics();
  const writer = new SlateWriter({
    store: { store, find: async () => null, standing: async () => ({ isKnown: false, isHidden: false }) },
    budgetMs: 1_000,
    clock: manualClock(),
    metrics,
    log: recordingLog([]),
    onProgress: () => {},
  });
  return { writer, counted: (outcome: string) => countedIn(metrics, outcome) };
}

const message = (count: number): SlatesMessage => ({
  kind: "slates",
  count,
  text: JSON.stringify({ slates: Array.from({ length: count }, () => ({})), features: [] }),
  items: Array.from({ length: count }, () => "[]"),
  written: [],
});

describe("the writer", () => {
  test("stores what waits in groups, and counts what it knew", async () => {
    const groups: number[] = [];
    const { writer, counted } = aWriter(async ({ slates }) => {
      groups.push(slates.length);
      return slates.length - 1;
    });
    for (let place = 0; place < 20; place++) writer.accept(message(8));
    await writer[Symbol.asyncDispose]();
    expect(groups).toEqual([8, 64, 64, 24]);
    expect([counted("stored"), counted("repeated")]).toEqual([156, 4]);
  });

  test("goes on after a failure, with the next group", async () => {
    let calls = 0;
    const { writer, counted } = aWriter(async ({ slates }) => {
      if (++calls === 1) throw new StoreUnavailableError("connect", "away");
      return slates.length;
    });
    for (let place = 0; place < 3; place++) writer.accept(message(8));
    await writer[Symbol.asyncDispose]();
    expect([counted("failed"), counted("stored")]).toEqual([8, 16]);
  });

  test("drops and counts what is more than it holds", async () => {
    const { writer, counted } = aWriter(() => new Promise(() => {}));
    for (let place = 0; place < 300; place++) writer.accept(message(8));
    expect(counted("dropped")).toBe((300 - 1 - 250) * 8);
  });
});

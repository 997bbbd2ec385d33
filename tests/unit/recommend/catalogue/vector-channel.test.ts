/** The vector channel against the cosine of every pair. */

import { describe, expect, test } from "bun:test";
import { train } from "../../../../src/models/train.ts";
import { numberModel } from "../../../../src/recommend/catalogue/hits.ts";
import { VectorChannel } from "../../../../src/recommend/catalogue/vector-channel.ts";
import { FACTORS } from "../../../../src/recommend/item-factors.ts";
import { logOf } from "../../models/logs.ts";

const options = { runId: "20260101_023000", texts: new Map(), halfLifeHours: 8_760, onStage() {} };
/** Two circles of items that meet nowhere. */
const log = logOf("a b c|b c d|a c d|a b d|w x y|x y z|w y z|w x z");
const { model } = train(log, { ...options, easeMaxRows: 1 });
const { factors } = model;
if (factors === undefined) throw new Error("EASE does not fit");

function cosine(some: string, other: string): number {
  const at = (itemId: string) => (factors?.places[model.itemIds.indexOf(itemId)] as number) * FACTORS;
  const [a, b] = [some, other].map((id) =>
    Array.from(factors?.vectors.subarray(at(id), at(id) + FACTORS) ?? []),
  );
  const dot = (x: readonly number[] = [], y: readonly number[] = []) =>
    x.reduce((sum, value, k) => sum + value * (y[k] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

describe("the vector channel", () => {
  test("finds every other item with a cosine above 0, and says which", () => {
    const channel = new VectorChannel();
    for (const itemId of model.itemIds) {
      const hits = channel.hits(numberModel(model), itemId);
      for (const other of model.itemIds) {
        const expected = cosine(itemId, other);
        if (other === itemId || expected <= 0) expect(hits?.has(other)).toBe(false);
        else expect(hits?.get(other)).toBeCloseTo(expected, 5);
      }
    }
    const [best] = [...(channel.hits(numberModel(model), "a") ?? [])].sort((x, y) => y[1] - x[1]);
    expect(["b", "c", "d"]).toContain(best?.[0] as string);
  });

  test("knows of no vector for other items, of runs without factors, and of items nobody took", () => {
    const channel = new VectorChannel();
    expect(channel.hits(numberModel(model), "never heard of")).toBeNull();
    const { factors: _, ...withEase } = model;
    expect(channel.hits(numberModel(withEase), "a")).toBeNull();
    const nothing = { ...factors, vectors: new Float32Array(factors.vectors.length) };
    expect(channel.hits(numberModel({ ...model, factors: nothing }), "a")).toBeNull();
  });
});

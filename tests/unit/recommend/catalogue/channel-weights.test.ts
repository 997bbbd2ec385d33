import { describe, expect, test } from "bun:test";
import {
  DEFAULT_CHANNEL_WEIGHTS,
  parseChannelWeights,
  weightsFor,
} from "../../../../src/recommend/catalogue/channel-weights.ts";

describe("weights for one answer", () => {
  test.each([
    ["all that can be known", true, 3, true, true, [1.2, 1, 0.8]],
    ["nobody: half of behavior goes to content and vector", false, 3, true, true, [0.6, 1.3, 1.1]],
    ["few neighbours: half of behavior goes to content", true, 2, true, true, [0.6, 1.6, 0.8]],
    ["both: half of what is left", false, 0, true, true, [0.3, 1.6, 1.1]],
    ["no vector: vector goes to content", true, 3, false, true, [1.2, 1.8, 0]],
    ["no tags: half of content goes to vector", true, 3, true, false, [1.2, 0.5, 1.3]],
    ["neither: content has it all", false, 0, false, false, [0.3, 2.7, 0]],
  ])("%s", (_, hasHistory, behaviorNeighbours, hasVector, hasTags, expected) => {
    const facts = { hasHistory, behaviorNeighbours, hasVector, hasTags };
    const weights = weightsFor(DEFAULT_CHANNEL_WEIGHTS, facts);
    for (const [place, name] of (["behavior", "content", "vector"] as const).entries())
      expect(weights[name]).toBeCloseTo(expected[place] as number, 12);
    expect(weights.popular).toBe(0.02);
  });
});

describe("channel_weights.json", () => {
  test("overrides the channels it names", () => {
    const parsed = parseChannelWeights({ weights: { behavior: 2, popular: 0 } });
    expect(parsed).toEqual({ ok: true, value: { ...DEFAULT_CHANNEL_WEIGHTS, behavior: 2, popular: 0 } });
  });

  test.each([
    [null, "object"],
    [{ behavior: 1 }, "weights"],
    [{ weights: [] }, "weights"],
    [{ weights: { smell: 1 } }, "smell"],
    [{ weights: { content: -1 } }, "content"],
    [{ weights: { content: "1" } }, "content"],
  ])("refuses %j", (document, named) => {
    const parsed = parseChannelWeights(document);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toContain(named);
  });
});

import { describe, expect, test } from "bun:test";
import {
  DEFAULT_CHANNEL_WEIGHTS,
  parseChannelWeights,
  weightsFor,
} from "../../../../src/recommend/catalogue/channel-weights.ts";

describe("weights for one answer", () => {
  test.each([
    ["a user with a history, an item with neighbours", true, 3, 1.2, 1.8],
    ["nobody: half of behavior goes to content", false, 3, 0.6, 2.4],
    ["few neighbours: the same", true, 2, 0.6, 2.4],
    ["both: half of what is left", false, 0, 0.3, 2.7],
  ])("%s", (_, hasHistory, behaviorNeighbours, behavior, content) => {
    const weights = weightsFor(DEFAULT_CHANNEL_WEIGHTS, { hasHistory, behaviorNeighbours });
    expect(weights.behavior).toBeCloseTo(behavior, 12);
    expect(weights.content).toBeCloseTo(content, 12);
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

/** How much each channel of catalogue recall counts: by default, by the models folder, and by what is known. */

import { err, ok, type Result } from "../../core/result.ts";

export const CHANNELS = ["behavior", "content", "vector", "popular"] as const;
export type Channel = (typeof CHANNELS)[number];
export type ChannelWeights = Readonly<Record<Channel, number>>;

export const DEFAULT_CHANNEL_WEIGHTS: ChannelWeights = {
  behavior: 1.2,
  content: 1,
  vector: 0.8,
  popular: 0.02,
};

/** With fewer neighbours than this what users did says little of an item. */
const FEW_NEIGHBOURS = 3;
const MOVED_SHARE = 1 / 2;

/** What moves weight from one channel to another. */
export interface ChannelFacts {
  /** Something is known of what the user did. */
  readonly hasHistory: boolean;
  /** Items that the behavior channel found. */
  readonly behaviorNeighbours: number;
  readonly hasVector: boolean;
  readonly hasTags: boolean;
}

/** Weights for one answer: one rule after the other. To a channel that has nothing to go by none is moved. */
export function weightsFor(
  weights: ChannelWeights,
  { hasHistory, behaviorNeighbours, hasVector, hasTags }: ChannelFacts,
): ChannelWeights {
  let { behavior, content, vector } = weights;
  if (!hasHistory) {
    const moved = behavior * MOVED_SHARE;
    behavior -= moved;
    content += moved / 2;
    vector += moved / 2;
  }
  if (behaviorNeighbours < FEW_NEIGHBOURS) {
    const moved = behavior * MOVED_SHARE;
    behavior -= moved;
    content += moved;
  }
  if (!hasVector) {
    content += vector;
    vector = 0;
  } else if (!hasTags) {
    const moved = content * MOVED_SHARE;
    content -= moved;
    vector += moved;
  }
  return { behavior, content, vector, popular: weights.popular };
}

/** Reads `{"weights": {...}}`; channels it leaves out keep their defaults. The error reads as the end of a sentence. */
export function parseChannelWeights(document: unknown): Result<ChannelWeights, string> {
  const { weights } = isRecord(document) ? document : { weights: null };
  if (!isRecord(weights)) return err("must be an object with an object `weights`");
  for (const [name, weight] of Object.entries(weights)) {
    if (!CHANNELS.some((channel) => channel === name)) return err(`must not name a channel ${name}`);
    if (typeof weight !== "number" || !Number.isFinite(weight) || weight < 0) {
      return err(`must give ${name} a number from 0 on`);
    }
  }
  return ok({ ...DEFAULT_CHANNEL_WEIGHTS, ...(weights as Partial<ChannelWeights>) });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

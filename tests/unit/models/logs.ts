/** Training logs from one-line stories, for tests of training. */

import { type TrainingLog, TrainingLogBuilder } from "../../../src/models/training-log.ts";

/** `a b c | a d`: what each user took, one second after the other. */
export function logOf(story: string): TrainingLog {
  const builder = new TrainingLogBuilder();
  let second = 0;
  for (const user of story.split("|")) {
    for (const itemId of user.split(" ").filter((word) => word !== "")) {
      builder.add({ itemId, signal: "view", tsMs: 1_000 * ++second });
    }
    builder.endUser();
  }
  return builder.build();
}

/** Weights of each item's list by the ids of both. */
export const byName = (
  itemIds: readonly string[],
  lists: { starts: Int32Array; items: Int32Array; weights: Float32Array },
) =>
  Object.fromEntries(
    itemIds.map((itemId, item) => [
      itemId,
      Object.fromEntries(
        Array.from(
          { length: (lists.starts[item + 1] as number) - (lists.starts[item] as number) },
          (_, at) => {
            const entry = (lists.starts[item] as number) + at;
            return [itemIds[lists.items[entry] as number] as string, lists.weights[entry] as number];
          },
        ),
      ),
    ]),
  );

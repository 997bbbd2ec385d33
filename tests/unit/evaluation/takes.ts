/** Interactions from one-line stories, for tests of evaluation. */

import type { Interaction } from "../../../src/events/model.ts";

/** `ann:a bob:b ann:c`: who took what, one second after the other. */
export const takes = (story: string): Interaction[] =>
  story.split(" ").map((word, index) => {
    const [userId = "", itemId = ""] = word.split(":");
    return {
      eventId: `take-${index}`,
      userId,
      itemId,
      signal: "view",
      tsMs: 1_000 * (index + 1),
      origin: "direct",
    };
  });

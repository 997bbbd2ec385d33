/** Random interactions of few users and items, arriving late, and some of them twice. */

import fc from "fast-check";
import type { Interaction, Signal } from "../../src/events/model.ts";
import { NOW_MS } from "./plans.ts";

const someInteractions = fc
  .array(
    fc.record({
      userId: fc.constantFrom("u", "v"),
      itemId: fc.constantFrom("a", "b", "c"),
      signal: fc.constantFrom<Signal>("view", "click", "purchase"),
      // Few distinct times: ties are broken by arrival, which is the order of the calls.
      second: fc.integer({ min: 0, max: 9 }),
      origin: fc.constantFrom<Interaction["origin"]>("direct", "stream"),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((drafts) =>
    drafts.map(({ second, ...draft }, index): Interaction => {
      const eventId = draft.origin === "stream" ? `watch-event-${index}` : `event-${index}`;
      return { ...draft, eventId, tsMs: NOW_MS + second * 1000 };
    }),
  );

export const someArrivals = someInteractions.chain((distinct) =>
  fc.array(fc.constantFrom(...distinct), { maxLength: 30 }),
);

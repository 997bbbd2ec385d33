/** Lets the rounds of a relay publish one after the other. */

import type { EventLogProducer } from "../events/ports.ts";

/**
 * Two requests at once to one partition of the log could overtake each other when the first is sent again. The wait
 * counts for the deadline, so that no publish outlives the lease it began under.
 */
export function inTurns(producer: EventLogProducer): EventLogProducer {
  let last: Promise<unknown> = Promise.resolve();
  return {
    ensureTopic: (topic, partitions) => producer.ensureTopic(topic, partitions),
    async produce(records, deadline) {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      try {
        await deadline.race(before);
        return await deadline.race(producer.produce(records, deadline));
      } finally {
        // Who comes next waits for whoever this one did not wait for any longer.
        void before.then(() => resolve());
      }
    },
    [Symbol.asyncDispose]: () => producer[Symbol.asyncDispose](),
  };
}

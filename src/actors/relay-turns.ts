/** Lets the rounds of a relay publish one after the other. */

import type { Deadline } from "../core/deadline.ts";

/** Two requests at once to one partition of the log could overtake each other when the first is sent again. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** In the order of the calls. Answers what ends the turn; null when it did not come in time. */
  async take(deadline: Deadline): Promise<(() => void) | null> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await deadline.race(before);
      return resolve;
    } catch {
      // Who comes next waits for whoever this one did not wait for any longer.
      void before.then(resolve);
      return null;
    }
  }
}

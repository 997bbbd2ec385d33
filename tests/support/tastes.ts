/** Made-up events with something to learn in them, or nothing. */

import { seededRandom } from "../../src/core/random.ts";

export interface MadeUpEvent {
  readonly userId: string;
  readonly itemId: string;
  readonly tsMs: number;
}

const ITEMS_PER_TASTE = 14;
const STEPS = 14;
const TASTES = 40;

/**
 * Users each of whom takes the items of one taste in any order, and between them what everybody takes: profiles tell much
 * more than what was taken last. The last event happens at `untilMs`.
 */
export function eventsByTaste(users: number, untilMs: number): readonly MadeUpEvent[] {
  const random = seededRandom(3);
  return timelines(users, untilMs, (user) => {
    const left = Array.from({ length: ITEMS_PER_TASTE }, (_, item) => `t${user % TASTES}-${item}`);
    return (step) => {
      if ((step + user) % 3 === 0) return `hit-${Math.floor(random.next() ** 2 * 60)}`;
      return left.splice(Math.floor(random.next() * left.length), 1)[0] ?? "";
    };
  });
}

/** Everybody takes anything. */
export function eventsByChance(users: number, untilMs: number): readonly MadeUpEvent[] {
  const random = seededRandom(3);
  return timelines(users, untilMs, () => () => `i-${Math.floor(random.next() * 150)}`);
}

function timelines(
  users: number,
  untilMs: number,
  userOf: (user: number) => (step: number) => string,
): readonly MadeUpEvent[] {
  const events: MadeUpEvent[] = [];
  const startMs = untilMs - (STEPS - 1) * 1_000_000 - (users - 1) * 1_000;
  for (let user = 0; user < users; user++) {
    const itemAt = userOf(user);
    for (let step = 0; step < STEPS; step++) {
      const tsMs = startMs + step * 1_000_000 + user * 1_000;
      events.push({ userId: `u-${user}`, itemId: itemAt(step), tsMs });
    }
  }
  return events;
}

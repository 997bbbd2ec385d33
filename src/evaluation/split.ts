/** Divides what happened into what models may learn and what they are asked, by one of the protocols. */

import { inTimeOrder } from "../events/fold-order.ts";
import type { Interaction } from "../events/model.ts";
import { SESSION_GAP_MS } from "../models/sessions.ts";

/**
 * `rolling`: the future after a cut in time; `loo`: the last interaction of each user; `session`: the next one of each
 * session that began after the cut, of which nothing is known but itself.
 */
export const PROTOCOLS = ["rolling", "loo", "session"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** Share of all interactions that lies before the cut of `rolling`. */
const TRAINING_SHARE = 0.8;

/** What does this user take next? */
export interface Question {
  /** The answer, as it happened. */
  readonly target: Interaction;
  /** Length of the user's timeline before it: what may be known of the user. At least 1. */
  readonly known: number;
}

export interface Split {
  readonly protocol: Protocol;
  /** In order of time; all that models learn from. */
  readonly training: readonly Interaction[];
  /** The rest, in order of time. The first one of an empty profile is no question, and yet it is known afterwards. */
  readonly test: readonly Interaction[];
  /** All interactions of each user, oldest first. */
  readonly timelines: ReadonlyMap<string, readonly Interaction[]>;
  /** In order of time. */
  readonly questions: readonly Question[];
}

/** `interactions` in file order; of equal event ids the first one counts. */
export function splitBy(protocol: Protocol, interactions: readonly Interaction[]): Split {
  const distinct = new Map<string, Interaction>();
  for (const each of interactions) if (!distinct.has(each.eventId)) distinct.set(each.eventId, each);
  const inOrder = [...distinct.values()].sort((a, b) => a.tsMs - b.tsMs);
  const ordered = protocol === "session" ? bySession(inOrder) : inOrder;
  const timelines = inTimeOrder(ordered);
  const isTest = protocol === "loo" ? lastOnes(timelines) : afterCut(ordered);
  const training: Interaction[] = [];
  const test: Interaction[] = [];
  const questions: Question[] = [];
  const passed = new Map<string, number>();
  for (const interaction of ordered) {
    const known = passed.get(interaction.userId) ?? 0;
    passed.set(interaction.userId, known + 1);
    if (!isTest.has(interaction)) training.push(interaction);
    else {
      test.push(interaction);
      if (known > 0) questions.push({ target: interaction, known });
    }
  }
  return { protocol, training, test, timelines, questions };
}

/** Each session as a user of its own; one that the cut goes through ends there and begins again. */
function bySession(ordered: readonly Interaction[]): readonly Interaction[] {
  const cut = Math.floor(ordered.length * TRAINING_SHARE);
  const newest = new Map<string, { number: number; tsMs: number; isTest: boolean }>();
  return ordered.map((interaction, place) => {
    const { userId, tsMs } = interaction;
    const before = newest.get(userId);
    const isTest = place >= cut;
    const goesOn = before && before.isTest === isTest && tsMs - before.tsMs <= SESSION_GAP_MS;
    const number = before ? before.number + (goesOn ? 0 : 1) : 0;
    newest.set(userId, { number, tsMs, isTest });
    return { ...interaction, userId: `${userId}#${number}` };
  });
}

const afterCut = (ordered: readonly Interaction[]): ReadonlySet<Interaction> =>
  new Set(ordered.slice(Math.floor(ordered.length * TRAINING_SHARE)));

/** Of users with at least two interactions: one to be asked for, one to go by. */
function lastOnes(timelines: Split["timelines"]): ReadonlySet<Interaction> {
  const last = new Set<Interaction>();
  for (const timeline of timelines.values()) {
    const newest = timeline.at(-1);
    if (newest && timeline.length > 1) last.add(newest);
  }
  return last;
}

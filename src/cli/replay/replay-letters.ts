/** Replays listed dead letters one by one, in the order of their ids. */

import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError, StoreUnavailableError } from "../../core/errors.ts";
import type { ChunkEntry } from "../../events/ports.ts";
import { decideRecord, type TopicKinds } from "../../events/stream-record.ts";
import type { Effect } from "../../stores/postgres/consumer-effects.ts";
import type { DeadLetter, DeadLetterReplays } from "../../stores/postgres/dlq-replay.ts";

export interface ReplayPorts {
  readonly replays: DeadLetterReplays;
  readonly kinds: TopicKinds;
  readonly clock: Clock;
  /** Longer than the work on one row may take; a row of a dead replayer waits so long. */
  readonly leaseMs: number;
}

/** `unmarked`: the outcome could not be noted at its row. */
export type Outcome =
  | { readonly kind: "candidate"; readonly streamEventId: string }
  | { readonly kind: "processed" | "duplicate"; readonly streamEventId: string }
  | { readonly kind: "invalid" | "failed" | "unmarked"; readonly error: string };

export interface LetterOutcome {
  readonly letter: DeadLetter;
  readonly outcome: Outcome;
}

/** Twice this, for an apply and the note of its failure, is less than a lease. */
const STORE_TIMEOUT_MS = 7_000;
const HELD_POLL_MS = 100;

/** What a replay would meet, without the store's part. */
export const dryRun = (letters: readonly DeadLetter[], kinds: TopicKinds): readonly LetterOutcome[] =>
  letters.map((letter) => {
    const decided = decide(letter, kinds);
    return {
      letter,
      outcome:
        "effect" in decided
          ? { kind: "candidate", streamEventId: decided.effect.streamEventId }
          : { kind: "invalid", error: decided.error },
    };
  });

/**
 * Answers the rows that this call worked on. Rows that another replayer has are waited for until their lease has
 * ended, so that those of a dead one are not left behind. Ends at the first failure of the store: a later call goes on.
 */
export async function replayLetters(
  ports: ReplayPorts,
  letters: readonly DeadLetter[],
): Promise<readonly LetterOutcome[]> {
  const outcomes: LetterOutcome[] = [];
  let open = letters;
  for (let waited: Deadline | null = null; open.length > 0; ) {
    const held: DeadLetter[] = [];
    for (const letter of open) {
      const outcome = await replayLetter(ports, letter);
      if (outcome === "held") held.push(letter);
      else if (outcome !== "gone") outcomes.push({ letter, outcome });
      if (typeof outcome === "object" && outcome.kind === "unmarked") return outcomes;
    }
    waited ??= Deadline.after(ports.leaseMs + HELD_POLL_MS, ports.clock);
    if (held.length === 0 || waited.expired) break;
    await ports.clock.sleep(HELD_POLL_MS);
    open = held;
  }
  return outcomes.sort((a, b) => (a.letter.id < b.letter.id ? -1 : 1));
}

async function replayLetter(ports: ReplayPorts, letter: DeadLetter): Promise<Outcome | "held" | "gone"> {
  const { replays, clock, leaseMs, kinds } = ports;
  const deadline = () => Deadline.after(STORE_TIMEOUT_MS, clock);
  try {
    const taken = await replays.take(letter, leaseMs, deadline());
    if (taken.kind !== "taken") return taken.kind;
    const { generation } = taken;
    const attempt = await settle(decide(letter, kinds), (effect) =>
      replays.settle(letter, generation, effect, deadline()),
    );
    if (attempt.kind !== "failed") return attempt;
    const noted = await replays.fail(letter, generation, attempt.error, deadline());
    return noted === "fenced" ? LEASE_LOST : attempt;
  } catch (error) {
    return { kind: "unmarked", error: asError(error).message };
  }
}

const LEASE_LOST: Outcome = { kind: "unmarked", error: "the lease ended and another replay has the row" };

/** Throws what is the store's trouble; what is the record's own fault is an outcome. */
async function settle(
  decided: Decided,
  store: (effect: Effect) => Promise<"processed" | "duplicate" | "fenced">,
): Promise<Outcome> {
  if ("error" in decided) return { kind: "failed", error: decided.error };
  try {
    const kind = await store(decided.effect);
    return kind === "fenced" ? LEASE_LOST : { kind, streamEventId: decided.effect.streamEventId };
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    return { kind: "failed", error: asError(error).message };
  }
}

type Decided = { readonly effect: Effect } | { readonly error: string };

/** Reads the row as the event type of its topic, by the rules of the stream. */
function decide({ record }: DeadLetter, kinds: TopicKinds): Decided {
  const entry: ChunkEntry = decideRecord(record, kinds);
  if (entry.kind === "dead") return { error: entry.letter.errorText };
  return entry.kind === "ignored"
    ? { error: `topic ${record.topic} carries no such event in this configuration` }
    : { effect: entry };
}

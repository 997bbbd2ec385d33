/** What became of every post, as its sender saw it: acknowledged, refused, or unknown. */

import type { SentEvent } from "./traffic.ts";

/** Times are monotonic, in ms. */
export interface Posted extends SentEvent {
  /** When it was sent for the first time. */
  readonly sentMs: number;
  /** When it was acknowledged; null when it never was. */
  ackedMs: number | null;
}

export interface Counts {
  readonly requests: { ok: number; fail: number; unknown: number };
  /** Posts of what had been acknowledged before, and those that were taken for new. */
  readonly repeats: { sent: number; accepted: number };
}

export class History {
  readonly events: Posted[] = [];
  readonly counts: Counts = {
    requests: { ok: 0, fail: 0, unknown: 0 },
    repeats: { sent: 0, accepted: 0 },
  };
  /** How often each answer came: `<path> <status>`, with the error code where there is one; 0 is a broken connection. */
  readonly answers = new Map<string, number>();
  /** Answers that nobody should have got: a refusal of what is well-formed, or an internal error. */
  readonly unexpected = new Set<string>();

  begin(events: readonly SentEvent[], sentMs: number): readonly Posted[] {
    const posted = events.map((event): Posted => ({ ...event, sentMs, ackedMs: null }));
    this.events.push(...posted);
    return posted;
  }

  answered(path: string, answer: string): void {
    const name = `${path} ${answer}`;
    this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
  }

  acknowledged(kind?: SentEvent["kind"]): readonly Posted[] {
    return this.events.filter(
      (event) => event.ackedMs !== null && (kind === undefined || event.kind === kind),
    );
  }
}

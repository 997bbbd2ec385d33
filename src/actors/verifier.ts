/** The online verifier: walks over what was acknowledged and what was published, and keeps what is unaccounted for. */

import type { Deadline } from "../core/deadline.ts";
import { isPassed, type PartitionBounds } from "../events/log-barrier.ts";
import type { CursorName, Moment } from "../stores/postgres/verifier-store.ts";
import {
  acknowledgedRange,
  horizonsAt,
  type Passed,
  publishedRange,
  type Range,
  type Retentions,
} from "./verifier-decide.ts";
import { type WalkPorts, walkRange } from "./verifier-walk.ts";

export interface VerifierPorts extends WalkPorts {
  readonly readBounds: (deadline: Deadline) => Promise<readonly PartitionBounds[]>;
  readonly retentions: Retentions;
  /** How long a transaction may be before its first write. */
  readonly settleMs: number;
}

/** What was in the log at one moment, and what is known once consumers have passed it. */
interface Barrier {
  readonly bounds: readonly PartitionBounds[];
  readonly passed: Passed;
}

/** Time that the walks of one round may begin searches in: newest events first, the rest for those verified before. */
const NEW_BUDGET_MS = 1_500;
const AGAIN_BUDGET_MS = 250;
const NOTHING_PASSED: Passed = { publishedMs: 0, acknowledgedMs: 0 };

export class Verifier {
  readonly #ports: VerifierPorts;
  /** Waits for consumers. A restart begins with a new one, and the cursors stay where they are. */
  #barrier: Barrier | null = null;
  #passed: Passed = NOTHING_PASSED;

  constructor(ports: VerifierPorts) {
    this.#ports = ports;
  }

  /**
   * One round of bounded work; answers up to when everything acknowledged is verified, in ms since 1970. Throws what
   * fails; what was found and done before stays.
   */
  async round(deadline: Deadline): Promise<number> {
    const { store, settleMs, retentions } = this.#ports;
    // Before the look at the log: whatever was published until now is in what that shows.
    const moment = await store.moment(settleMs, deadline);
    const horizons = horizonsAt(moment.nowMs, retentions);
    await store.forgetFound(horizons, deadline);
    const logFailure = await this.#advance(moment, deadline);
    const cursors = await store.cursors(deadline);
    const acknowledged = acknowledgedRange(
      moment.nowMs,
      this.#passed,
      retentions,
      cursors.acknowledged.sinceMs,
    );
    const published = publishedRange(moment.nowMs, this.#passed, retentions, cursors.published.sinceMs);
    const walk = (name: CursorName, range: Range, wrapToMs: number | null) => {
      const budgetMs = wrapToMs === null ? NEW_BUDGET_MS : AGAIN_BUDGET_MS;
      const { widthMs } = cursors[name];
      return walkRange(this.#ports, { name, widthMs, range, wrapToMs, horizons, budgetMs }, deadline);
    };
    const first = (name: "acknowledged" | "published", { fromMs, toMs }: Range) =>
      walk(name, { fromMs: Math.max(cursors[name].positionMs, fromMs), toMs }, null);
    // Round and round over what was verified: it may have been lost since. A cursor is ahead of what was passed when
    // the store's clock was set back.
    const again = (
      name: "acknowledged_again" | "published_again",
      { fromMs, toMs }: Range,
      verifiedMs: number,
    ) => {
      const { positionMs } = cursors[name];
      const endMs = Math.min(verifiedMs, toMs);
      const isInside = positionMs > fromMs && positionMs < endMs;
      return walk(name, { fromMs: isInside ? positionMs : fromMs, toMs: endMs }, fromMs);
    };
    const publishedUntilMs = await first("published", published);
    const untilMs = await first("acknowledged", acknowledged);
    await again("published_again", published, publishedUntilMs);
    await again("acknowledged_again", acknowledged, untilMs);
    if (logFailure !== null) throw logFailure;
    return Math.min(untilMs, publishedUntilMs, moment.nowMs);
  }

  /** Without the log the walks go as far as they may already; answers why it could not be asked. */
  async #advance(moment: Moment, deadline: Deadline): Promise<unknown> {
    const { store, readBounds } = this.#ports;
    if (this.#passed.publishedMs > moment.nowMs) {
      // The store's clock was set back: times before and after that do not compare.
      this.#passed = NOTHING_PASSED;
      this.#barrier = null;
    }
    try {
      const bounds = await readBounds(deadline);
      const stored = await store.storedOffsets(deadline);
      const latest = {
        bounds,
        passed: { publishedMs: moment.settledMs, acknowledgedMs: moment.sentMs },
      };
      this.#barrier ??= latest;
      if (!isPassed(this.#barrier.bounds, bounds, stored)) return null;
      this.#passed = this.#barrier.passed;
      this.#barrier = latest;
      if (!isPassed(bounds, bounds, stored)) return null;
      this.#passed = latest.passed;
      this.#barrier = null;
      return null;
    } catch (error) {
      return error ?? new Error("the log could not be asked");
    }
  }
}

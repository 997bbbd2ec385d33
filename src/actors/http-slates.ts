/** Hands served slates to the writer once their answers have gone out: references until then, and never a wait. */

import type { Clock } from "../core/clock.ts";
import { newUuidHex } from "../core/ids.ts";
import { nextTurn } from "../core/next-turn.ts";
import type { Random } from "../core/random.ts";
import type { SlateLog } from "../http/services.ts";
import type { Basis } from "../recommend/slates/features.ts";
import { type AnsweredSlate, newSlate } from "../recommend/slates/new-slate.ts";
import type { NewFeatures, NewSlate } from "../recommend/slates/slate.ts";
import { writeFeatures } from "../recommend/slates/written-features.ts";
import type { Peer } from "../supervisor/actor.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics-types.ts";
import { packSlates } from "./slate-message.ts";
import type { WriterMessage } from "./writer.ts";

/** Slates that wait for their turn: half a second of a busy worker. */
const MAX_WAITING = 1_000;
/** Described in one turn of the event loop: well under a millisecond, which is what the next answer may wait. */
const SLATES_PER_TURN = 8;

export interface SlateLogPorts {
  readonly writer: Pick<Peer<WriterMessage>, "offer">;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Lets answers go out first. */
  readonly turn?: () => Promise<void>;
}

export interface ClosableSlateLog extends SlateLog {
  /** Hands over what waits. */
  close(): void;
}

export function createSlateLog(ports: SlateLogPorts): ClosableSlateLog {
  const { writer, clock, random, metrics, log, turn = nextTurn } = ports;
  const dropped = metrics.counter("reco_slate_log_total", { outcome: "dropped" });
  const waiting: AnsweredSlate[] = [];
  let isRunning = false;

  const handOver = (answered: readonly AnsweredSlate[]): void => {
    const features: NewFeatures[] = [];
    const slates = answered.map((each): NewSlate => {
      const { basis } = each.answer.list;
      if (basis) describe(basis, each.servedAtMs, features);
      return newSlate(each);
    });
    const sent = writer.offer(packSlates({ slates, features }));
    if (sent.sent) return;
    // What was not sent must not be named by later slates.
    for (const { answer } of answered) {
      const { basis } = answer.list;
      if (basis && features.some(({ id }) => id === basis.featuresId)) basis.featuresId = null;
    }
    dropped.inc(slates.length);
    log.warn({ slates: slates.length, reason: sent.reason }, "slates.dropped");
  };

  /** Only the first slate of a kept list brings its features. */
  const describe = (basis: Basis, servedAtMs: number, into: NewFeatures[]): void => {
    const features = basis.featuresId === null ? basis.describe() : null;
    if (features === null) return;
    basis.featuresId = newUuidHex(clock, random);
    basis.release();
    into.push({ id: basis.featuresId, servedAtMs, written: writeFeatures(features) });
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      await turn();
      // The end may have come meanwhile.
      if (waiting.length > 0) handOver(waiting.splice(0, SLATES_PER_TURN));
    }
    isRunning = false;
  };

  return {
    offer(slate) {
      if (waiting.length >= MAX_WAITING) {
        // Counted alone: this is no time for a line each.
        slate.answer.list.basis?.release();
        return dropped.inc();
      }
      waiting.push(slate);
      if (isRunning) return;
      isRunning = true;
      void run();
    },
    close() {
      while (waiting.length > 0) handOver(waiting.splice(0, SLATES_PER_TURN));
    },
  };
}

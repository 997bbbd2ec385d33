/** What the supervisor writes into the log, one helper an event. */

import type { Clock } from "../core/clock.ts";
import type { ActorId } from "./actor.ts";
import type { DeadLetterCount } from "./dead-letters.ts";
import type { ExitedFrame } from "./frames.ts";
import type { ChildEnd, TreeCommand } from "./tree-state.ts";

export interface SupervisorLog {
  info(fields: object, event: string): void;
  warn(fields: object, event: string): void;
  error(fields: object, event: string): void;
}

const DEAD_LETTER_LOG_EVERY_MS = 10_000;

export class TreeLog {
  readonly #log: SupervisorLog;
  readonly #clock: Clock;
  /** By child and reason: when it was last logged, and how many came since. */
  readonly #samples = new Map<string, { loggedAtMs: number; unlogged: number }>();

  constructor(log: SupervisorLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  command(command: TreeCommand): void {
    if (command.kind === "kill") {
      const { id, incarnation, why } = command;
      this.#log.warn({ actor: id, incarnation, reason: why }, "actor.killed");
    } else if (command.kind === "abandon") {
      this.#log.error({ actor: command.id, incarnation: command.incarnation }, "actor.abandoned");
    } else if (command.kind === "schedule" && command.timer.kind === "restart") {
      this.#log.warn(
        { actor: command.timer.id, delay_ms: Math.round(command.delayMs) },
        "actor.restart_scheduled",
      );
    } else if (command.kind === "started") {
      this.#log.info({}, "tree.started");
    } else if (command.kind === "exit") {
      const { code, reasons } = command;
      this.#log[code === 0 ? "info" : "error"]({ exit_code: code, reasons }, "tree.ended");
    }
  }

  ready(id: ActorId, incarnation: number, pid: number): void {
    this.#log.info({ actor: id, incarnation, pid }, "actor.ready");
  }

  stopRequested(reason: string): void {
    this.#log.info({ reason }, "tree.stopping");
  }

  ended(id: ActorId, incarnation: number, end: ChildEnd, last: ExitedFrame | null): void {
    const fields = { actor: id, incarnation, reason: end.reason };
    if (end.normal) this.#log.info(fields, "actor.ended");
    else if (last?.reason === "failed") this.#log.error({ ...fields, error: last.error }, "actor.failed");
    else this.#log.error(fields, "actor.failed");
  }

  /** At most one line a child and reason in 10 s. */
  deadLetters({ actor, reason, count }: DeadLetterCount): void {
    const key = `${reason} ${actor}`;
    const nowMs = this.#clock.monotonicMs();
    const sample = this.#samples.get(key) ?? { loggedAtMs: Number.NEGATIVE_INFINITY, unlogged: 0 };
    sample.unlogged += count;
    this.#samples.set(key, sample);
    if (nowMs - sample.loggedAtMs < DEAD_LETTER_LOG_EVERY_MS) return;
    this.#log.warn({ actor, reason, count: sample.unlogged }, "actor.dead_letters");
    sample.loggedAtMs = nowMs;
    sample.unlogged = 0;
  }
}

/** Asks many children one question and collects the answers that come in time. */

import type { Clock, Timer } from "../core/clock.ts";
import type { ActorId } from "./actor.ts";
import type { Line } from "./switchboard.ts";

export type SurveyAnswers = readonly { readonly id: ActorId; readonly answer: unknown }[];

interface OpenSurvey {
  readonly asked: readonly ActorId[];
  readonly waitingFor: Set<ActorId>;
  readonly answers: Map<ActorId, unknown>;
  readonly finish: (answers: SurveyAnswers) => void;
  readonly timer: Timer;
}

export class Surveys {
  readonly #clock: Clock;
  readonly #open = new Map<number, OpenSurvey>();
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when all have answered or died, or after `timeoutMs`; answers stand in the order of `lines`. Never rejects. */
  ask(lines: readonly Line[], question: string, timeoutMs: number): Promise<SurveyAnswers> {
    const requestId = ++this.#lastId;
    return new Promise((finish) => {
      const asked = lines.map((line) => line.id);
      this.#open.set(requestId, {
        asked,
        waitingFor: new Set(asked),
        answers: new Map(),
        finish,
        timer: this.#clock.schedule(timeoutMs, () => this.#close(requestId)),
      });
      for (const line of lines) line.send({ kind: "report", requestId, question });
      this.#closeIfComplete(requestId);
    });
  }

  answered(requestId: number, id: ActorId, answer: unknown): void {
    const survey = this.#open.get(requestId);
    if (!survey?.waitingFor.delete(id)) return;
    survey.answers.set(id, answer);
    this.#closeIfComplete(requestId);
  }

  /** The child has ended: nobody waits for it any more. */
  gone(id: ActorId): void {
    for (const [requestId, survey] of this.#open) {
      survey.waitingFor.delete(id);
      this.#closeIfComplete(requestId);
    }
  }

  /** Finishes all surveys with what there is. */
  closeAll(): void {
    for (const requestId of this.#open.keys()) this.#close(requestId);
  }

  #closeIfComplete(requestId: number): void {
    if (this.#open.get(requestId)?.waitingFor.size === 0) this.#close(requestId);
  }

  #close(requestId: number): void {
    const survey = this.#open.get(requestId);
    if (!survey) return;
    this.#open.delete(requestId);
    survey.timer.cancel();
    const inTime = survey.asked.filter((id) => survey.answers.has(id));
    survey.finish(inTime.map((id) => ({ id, answer: survey.answers.get(id) })));
  }
}

/** Clients post events in units, one after the other or overlapping, and try again until they are answered. */

import { Deadline } from "../../src/core/deadline.ts";
import { StoreDataError } from "../../src/core/errors.ts";
import { bodyHash } from "../../src/events/body-hash.ts";
import type { AnyEvent } from "../../src/events/model.ts";
import { planEvent } from "../../src/events/plan.ts";
import type { IngestOutcome, IngestPlan } from "../../src/events/ports.ts";
import { anEvent } from "./events.ts";
import { keyOf, type Posted } from "./history.ts";
import type { Process } from "./processes.ts";
import type { Realm } from "./realm.ts";
import { PLAN } from "./settings.ts";
import type { Stores } from "./stores.ts";
import type { Tree } from "./tree.ts";
import type { World } from "./world.ts";

type Unit = readonly Posted[];

const ANSWER_TIMEOUT_MS = 4_000;
const COMMIT_TIMEOUT_MS = 2_000;

export class Clients {
  readonly #world: World;
  readonly #stores: Stores;
  readonly #tree: Tree;
  /** Units without a final answer. */
  #open = 0;
  #events = 0;

  constructor(world: World, stores: Stores, tree: Tree) {
    this.#world = world;
    this.#stores = stores;
    this.#tree = tree;
    const { users, events, safetyMs } = world.climate;
    for (let user = 0; user < users; user++) {
      const own = Math.ceil(events / users);
      world.scheduler.after(world.random.next() * 1_000, () =>
        this.#post(`u-${user}`, own, (safetyMs / own) * 1.4),
      );
    }
  }

  get isDone(): boolean {
    return this.#open === 0;
  }

  /** One unit, and the next one after its answer, or sometimes before. */
  #post(userId: string, left: number, everyMs: number): void {
    if (left <= 0 || this.#world.calm) return;
    const size = 1 + (this.#world.chance(0.3) ? this.#world.below(4) : 0);
    const unit = Array.from({ length: size }, () => this.#draft(userId));
    const goOn = () =>
      this.#world.scheduler.after(this.#world.random.next() * (this.#world.chance(0.6) ? 200 : everyMs), () =>
        this.#post(userId, left - size, everyMs),
      );
    const isImpatient = this.#world.chance(0.2);
    this.#open++;
    this.#send(unit, 1, () => {
      this.#open--;
      if (!isImpatient) goOn();
    });
    if (isImpatient) goOn();
  }

  #draft(userId: string): Posted {
    const { event, poison } = anEvent(this.#world, ++this.#events, userId);
    const posted: Posted = {
      key: keyOf(event),
      event,
      poison,
      wasPoison: poison !== null,
      acknowledged: false,
    };
    this.#stores.history.posted.set(posted.key, posted);
    return posted;
  }

  #send(unit: Unit, attempt: number, done: () => void): void {
    const { scheduler, random } = this.#world;
    let answered = false;
    const answer = (outcome: readonly IngestOutcome[] | "refused" | "unknown") => {
      if (answered) return;
      answered = true;
      timer.cancel();
      this.#world.trace(`client ${unit[0]?.key}+${unit.length - 1} ${String(outcome)}`);
      if (outcome === "refused") {
        this.#checkRefused(unit);
        return done();
      }
      if (typeof outcome === "object") {
        this.#acknowledged(unit, outcome, attempt);
        return done();
      }
      // Some give up: then nobody knows whether the events are stored.
      if (attempt >= 4 && this.#world.chance(0.3)) return done();
      scheduler.after(100 + random.next() * 500 * attempt, () => this.#send(unit, attempt + 1, done));
    };
    const timer = scheduler.after(ANSWER_TIMEOUT_MS, () => answer("unknown"));
    const [first, ...others] = this.#tree.of("http");
    if (!first) return;
    const process = this.#world.pick([first, ...others]);
    scheduler.after(1 + random.next() * 5, () => this.#accept(process, unit, answer), process.realm);
  }

  #accept(
    { ingest, realm }: Process,
    unit: Unit,
    answer: (outcome: readonly IngestOutcome[] | "refused" | "unknown") => void,
  ): void {
    const back = (outcome: Parameters<typeof answer>[0]) =>
      this.#world.scheduler.after(1 + this.#world.random.next() * 5, () => answer(outcome));
    ingest
      ?.accept(
        unit.map(({ event }) => planFor(event, realm)),
        Deadline.after(COMMIT_TIMEOUT_MS, realm.clock),
      )
      .then(
        (outcomes) => back(outcomes),
        (error) => {
          const isRefused = error instanceof StoreDataError;
          back(isRefused ? "refused" : "unknown");
        },
      );
  }

  /** A first try meets no event of its id; a later one may meet the first. */
  #acknowledged(unit: Unit, outcomes: readonly IngestOutcome[], attempt: number): void {
    for (const [index, posted] of unit.entries()) {
      posted.acknowledged = true;
      const isRight = outcomes[index] === "accepted" || (outcomes[index] === "duplicate" && attempt > 1);
      if (!isRight)
        this.#world.violate("A2", `${posted.key} is answered ${outcomes[index]} at try ${attempt}`);
    }
  }

  /** Bad data of one unit never spoils another. */
  #checkRefused(unit: Unit): void {
    if (unit.some(({ wasPoison }) => wasPoison)) return;
    this.#world.violate("A3", `${unit[0]?.key} and its unit were refused for no fault of theirs`);
  }
}

/** Received now, by the clock of the process that takes it. */
function planFor(event: AnyEvent, { clock }: Realm): IngestPlan {
  const received = event.kind === "direct" ? event : { ...event, serverReceivedTsMs: clock.nowMs() };
  const plan = planEvent(received, bodyHash(event), PLAN);
  if (!plan.ok) throw new Error(plan.error);
  return plan.value;
}

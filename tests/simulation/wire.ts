/** A call from a process to a service: it takes time, may be lost on either way, and may be the caller's last. */

import type { Realm } from "./realm.ts";
import type { Service, World } from "./world.ts";

export interface Call<T> {
  readonly name: string;
  readonly service: Service;
  /** The caller waits no longer. */
  readonly timeoutMs: number;
  /** Runs when the request arrives, some time before the effect. */
  readonly begin?: () => void;
  /** What the service does, in one instant. */
  readonly effect: () => T;
  /** `timeout`: the outcome is unknown. `refused`: there was no effect. */
  readonly failure: (kind: "timeout" | "refused") => Error;
}

/** Calls in whose middle a process stands still more often: others may take its place meanwhile. */
const DELICATE = new Set(["produce", "applyChunk"]);

/** Requests may be carried out so long after their caller's deadline. */
const LATE_MS = 4_000;

export class Wire {
  readonly #world: World;
  readonly #realm: Realm;

  constructor(world: World, realm: Realm) {
    this.#world = world;
    this.#realm = realm;
  }

  /** Settles as the call does; never, when the process died first. */
  call<T>(call: Call<T>): Promise<T> {
    const world = this.#world;
    const { climate } = world;
    const { promise, ...open } = this.#open(call);
    if (this.#realm.dead) return promise;
    if (world.chance(climate.crashBefore)) {
      world.sometimes("a call crashed its process before its effect");
      this.#crash(`before ${call.name}`);
      return promise;
    }
    if (world.chance(climate.freeze * (DELICATE.has(call.name) ? 10 : 1))) world.freeze(this.#realm);
    const outage = world.outages[call.service];
    if (outage === "refuses" || world.chance(climate.errorBefore)) {
      if (!world.chance(climate.ackLost)) open.fail(this.#latencyMs(), "refused");
    } else if (outage === "hangs") {
      // What reached a service that stands still is carried out when it goes on; the rest is lost on the way.
      if (world.chance(0.5))
        world.holdBack(call.service, () => this.#carryOut(call, open, this.#latencyMs()));
    } else {
      const isSlow = world.chance(climate.slow);
      const slowMs = world.random.next() * (call.timeoutMs + LATE_MS);
      this.#carryOut(call, open, isSlow ? slowMs : this.#latencyMs());
    }
    return promise;
  }

  #open<T>(call: Call<T>): Open<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const realm = this.#realm;
    let settled = false;
    const answer = (delayMs: number, what: string, settle: () => void) =>
      this.#world.scheduler.after(
        delayMs,
        () => {
          if (settled) return;
          settled = true;
          timer.cancel();
          this.#world.trace(`${realm.name} ${call.name} ${what}`);
          settle();
        },
        realm,
      );
    const fail = (delayMs: number, kind: "timeout" | "refused") =>
      answer(delayMs, kind, () => reject(call.failure(kind)));
    const timer = fail(call.timeoutMs, "timeout");
    return {
      promise,
      fail: (delayMs, kind) => void fail(delayMs, kind),
      settle: (delayMs, outcome) =>
        void answer(delayMs, "ok", () =>
          "error" in outcome ? reject(outcome.error) : resolve(outcome.value),
        ),
      isSettled: () => settled,
    };
  }

  #carryOut<T>(call: Call<T>, { settle, isSettled }: Omit<Open<T>, "promise">, travelMs: number): void {
    const world = this.#world;
    const realm = this.#realm;
    if (call.begin) world.scheduler.after(travelMs * world.random.next(), call.begin);
    world.scheduler.after(travelMs, () => {
      const outcome = attempt(call.effect);
      world.trace(`${realm.name} ${call.name} done ${"error" in outcome ? outcome.error.message : ""}`);
      world.sometimes("an effect came after its caller's deadline", isSettled() && !realm.dead);
      if (world.chance(world.climate.ackLost)) return world.sometimes("an acknowledgement was lost");
      if (world.chance(world.climate.crashAfter) && !realm.dead) {
        world.sometimes("a call crashed its process after its effect");
        return this.#crash(`after ${call.name}`);
      }
      settle(this.#latencyMs(), outcome);
    });
  }

  #latencyMs(): number {
    return 0.2 + this.#world.random.next() ** 3 * 20;
  }

  #crash(where: string): void {
    this.#world.trace(`${this.#realm.name} crashes ${where}`);
    this.#world.crash(this.#realm);
  }
}

type Outcome<T> = { readonly value: T } | { readonly error: Error };

/** A call under way; its first answer counts. */
interface Open<T> {
  readonly promise: Promise<T>;
  fail(delayMs: number, kind: "timeout" | "refused"): void;
  settle(delayMs: number, outcome: Outcome<T>): void;
  isSettled(): boolean;
}

function attempt<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error as Error };
  }
}

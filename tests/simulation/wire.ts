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
    const realm = this.#realm;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (realm.dead) return promise;
    const { climate, scheduler } = world;
    if (world.chance(climate.crashBefore)) {
      world.sometimes("a call crashed its process before its effect");
      this.#crash(`before ${call.name}`);
      return promise;
    }
    let settled = false;
    const answer = (delayMs: number, what: string, settle: () => void) =>
      scheduler.after(
        delayMs,
        () => {
          if (settled) return;
          settled = true;
          timer.cancel();
          world.trace(`${realm.name} ${call.name} ${what}`);
          settle();
        },
        realm,
      );
    const timer = answer(call.timeoutMs, "timeout", () => reject(call.failure("timeout")));
    if (this.#isOutOfReach(call.service)) {
      if (world.outages[call.service] !== "hangs" && !world.chance(climate.ackLost)) {
        answer(this.#latencyMs(), "refused", () => reject(call.failure("refused")));
      }
      return promise;
    }
    if (world.chance(climate.freeze * (DELICATE.has(call.name) ? 10 : 1))) world.freeze(realm);
    const fate = this.#fate();
    const travelMs = fate === "slow" ? world.random.next() * (call.timeoutMs + LATE_MS) : this.#latencyMs();
    if (call.begin) scheduler.after(travelMs * world.random.next(), call.begin);
    scheduler.after(travelMs, () => {
      const outcome = attempt(call.effect);
      world.trace(`${realm.name} ${call.name} done ${"error" in outcome ? outcome.error.message : ""}`);
      world.sometimes("an effect came after its caller's deadline", settled && !realm.dead);
      if (fate === "ack_lost") return world.sometimes("an acknowledgement was lost");
      if (fate === "crash_after" && !realm.dead) {
        world.sometimes("a call crashed its process after its effect");
        return this.#crash(`after ${call.name}`);
      }
      answer(this.#latencyMs(), "ok", () =>
        "error" in outcome ? reject(outcome.error) : resolve(outcome.value),
      );
    });
    return promise;
  }

  #isOutOfReach(service: Service): boolean {
    return this.#world.outages[service] !== null || this.#world.chance(this.#world.climate.errorBefore);
  }

  #fate(): "slow" | "ack_lost" | "crash_after" | "well" {
    const { climate } = this.#world;
    if (this.#world.chance(climate.crashAfter)) return "crash_after";
    if (this.#world.chance(climate.ackLost)) return "ack_lost";
    return this.#world.chance(climate.slow) ? "slow" : "well";
  }

  #latencyMs(): number {
    return 0.2 + this.#world.random.next() ** 3 * 20;
  }

  #crash(where: string): void {
    this.#world.trace(`${this.#realm.name} crashes ${where}`);
    this.#world.crash(this.#realm);
  }
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: work() };
  } catch (error) {
    return { error: error as Error };
  }
}

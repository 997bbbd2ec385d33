/** What an operator does while the tree runs: replays of dead letters and requeues of the outbox. */

import { replayLetters } from "../../src/cli/replay/replay-letters.ts";
import { Deadline } from "../../src/core/deadline.ts";
import { Realm } from "./realm.ts";
import { TOPICS } from "./settings.ts";
import { createStorePorts } from "./store-ports.ts";
import type { Stores } from "./stores.ts";
import type { World } from "./world.ts";

const LIST_TIMEOUT_MS = 5_000;
const REPLAY_LEASE_MS = 20_000;

export class Operator {
  readonly #world: World;
  readonly #stores: Stores;
  readonly #realms: Realm[] = [];
  #running = 0;

  constructor(world: World, stores: Stores) {
    this.#world = world;
    this.#stores = stores;
  }

  /** Replays run, or may still run. */
  get isBusy(): boolean {
    return this.#realms.some(({ dead }) => !dead) && this.#running > 0;
  }

  /** Runs `reco replay-feature-consumer-dlq` in a process of its own. */
  replay(statuses: readonly ("pending" | "replayed")[]): void {
    const world = this.#world;
    const realm = new Realm("operator", this.#realms.length + 1, world.scheduler, world.random);
    this.#realms.push(realm);
    this.#running++;
    const { replays } = createStorePorts(world, realm, this.#stores);
    const run = async () => {
      const filter = { statuses, topic: null, limit: 100 };
      const letters = await replays.list(filter, Deadline.after(LIST_TIMEOUT_MS, realm.clock));
      const shuffled = world.chance(0.5) ? [...letters].reverse() : letters;
      await replayLetters({ replays, kinds: KINDS, clock: realm.clock, leaseMs: REPLAY_LEASE_MS }, shuffled);
    };
    const ended = (how: string) => {
      world.trace(`${realm.name} ${how}`);
      realm.dead = true;
      this.#running--;
    };
    run().then(
      () => ended("has replayed"),
      (error) => ended(`failed: ${String(error)}`),
    );
  }

  /** Runs `reco replay-outbox`. */
  requeue(statuses: Parameters<Stores["outbox"]["requeue"]>[0]): number {
    const count = this.#stores.outbox.requeue(statuses);
    this.#world.trace(`requeued ${count}`);
    return count;
  }
}

const KINDS = new Map([
  [TOPICS.impressions, "impression"],
  [TOPICS.watches, "watch"],
] as const);

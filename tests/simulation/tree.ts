/** Starts, crashes, stops and restarts the simulated processes, as a supervisor would. */

import { Attempts } from "./observers.ts";
import {
  type Mutation,
  type Process,
  type Setting,
  startConsumer,
  startHttp,
  startRelay,
} from "./processes.ts";
import { Realm } from "./realm.ts";
import { GROUP, OUTBOX } from "./settings.ts";
import type { Stores } from "./stores.ts";
import type { World } from "./world.ts";

interface Slot {
  readonly name: string;
  readonly start: (setting: Setting, realm: Realm) => Process;
  incarnation: number;
  /** Of the current incarnation. */
  realm: Realm | null;
  /** Null between incarnations. */
  process: Process | null;
  stopping: boolean;
}

const KILL_AFTER_MS = OUTBOX.shutdownMs + 2_000;

export class Tree {
  readonly #world: World;
  readonly #stores: Stores;
  readonly #setting: Setting;
  readonly #slots: Slot[];
  #restarts = true;

  constructor(world: World, stores: Stores, mutation: Mutation) {
    this.#world = world;
    this.#stores = stores;
    this.#setting = {
      ...{ world, stores, mutation, attempts: new Attempts() },
      hint: (to, deliver) => this.#hint(to, deliver),
      failed: (realm, error) => {
        if (!realm.dead) world.violate("I17", `${realm.name} ended by itself: ${String(error)}`);
      },
    };
    const slot = (name: string, start: Slot["start"]): Slot => ({
      ...{ name, start, incarnation: 0, realm: null, process: null, stopping: false },
    });
    this.#slots = [
      ...["http-0", "http-1"].map((name) => slot(name, startHttp)),
      ...["consumer-0", "consumer-1", "consumer-2"].map((name) => slot(name, startConsumer)),
      ...["relay-0", "relay-1"].map((name) => slot(name, startRelay)),
    ].slice(0, 7);
    world.crash = (realm) => this.#crash(realm);
  }

  start(): void {
    for (const slot of this.#slots)
      this.#world.scheduler.after(this.#world.random.next() * 500, () => this.#start(slot));
  }

  get processes(): readonly Process[] {
    return this.#slots.flatMap(({ process }) => process ?? []);
  }

  of(kind: Process["kind"]): readonly Process[] {
    return this.processes.filter((process) => process.kind === kind);
  }

  get isComplete(): boolean {
    return this.#slots.every(({ process, stopping }) => process !== null && !stopping);
  }

  /** Stops one process in order and starts it again. */
  restart(process: Process): void {
    const slot = this.#slots.find((each) => each.process === process);
    if (slot) this.#stop(slot);
  }

  /** The ordered end of everything: sources before sinks. Answers whether all is over. */
  stopAll(): () => boolean {
    this.#restarts = false;
    for (const slot of this.#slots) this.#stop(slot);
    return () => this.processes.length === 0;
  }

  #start(slot: Slot): void {
    if (slot.process !== null || !this.#restarts) return;
    const realm = new Realm(slot.name, ++slot.incarnation, this.#world.scheduler, this.#world.random);
    this.#world.trace(`${realm.name} starts`);
    slot.stopping = false;
    slot.realm = realm;
    const process = slot.start(this.#setting, realm);
    // It may have died at its very first call.
    if (!realm.dead) slot.process = process;
  }

  #crash(realm: Realm): void {
    realm.dead = true;
    const slot = this.#slots.find((each) => each.realm === realm);
    if (slot) this.#ended(slot);
  }

  #ended(slot: Slot): void {
    if (slot.realm) slot.realm.dead = true;
    slot.realm = null;
    slot.process = null;
    this.#world.scheduler.after(200 + this.#world.random.next() * 2_000, () => this.#start(slot));
  }

  #stop(slot: Slot): void {
    const { process } = slot;
    if (process === null || slot.stopping) return;
    slot.stopping = true;
    const { scheduler, calm } = this.#world;
    this.#world.trace(`${process.realm.name} is to stop`);
    scheduler.after(
      0,
      () => void process.stop().then((isClean) => this.#stopped(slot, process, { isClean, isCalm: calm })),
      process.realm,
    );
    scheduler.after(KILL_AFTER_MS, () => {
      if (slot.process === process) this.#crash(process.realm);
    });
  }

  #stopped(slot: Slot, { realm }: Process, stop: { isClean: boolean; isCalm: boolean }): void {
    if (realm.dead) return;
    this.#world.trace(`${realm.name} stopped`);
    this.#world.sometimes("an ordered stop in the middle", stop.isClean && !stop.isCalm);
    if (stop.isClean && stop.isCalm) this.#checkNothingHeld(realm.name);
    this.#ended(slot);
  }

  /** After an ordered end no lease is held (I15). */
  #checkNothingHeld(name: string): void {
    const { outbox, log } = this.#stores;
    const leases = outbox.leases.filter(({ owner }) => owner === name).length;
    const slots = [...log.group(GROUP).slots.values()].filter(({ owner }) => owner === name).length;
    if (leases + slots > 0 || outbox.members.has(name)) {
      this.#world.violate("I15", `${name} has stopped and holds ${leases} leases and ${slots} partitions`);
    }
  }

  #hint(to: Process["kind"], deliver: (process: Process) => void): void {
    const { climate, scheduler, random } = this.#world;
    for (const process of this.of(to)) {
      if (this.#world.chance(climate.hintLost)) continue;
      scheduler.after(0.2 + random.next() ** 4 * 300, () => deliver(process), process.realm);
    }
  }
}

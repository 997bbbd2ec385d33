/**
 * Keeps what an http worker answers by in step with the registry.
 *
 * It looks once a second, loads what is new beside what serves, and installs primary and shadow together, so that an
 * answer is wholly old or wholly new. What cannot be loaded changes nothing: the worker says why, and tries again later.
 * A start has nothing old to go on with: there a shadow that cannot be loaded does not keep the primary from serving.
 */

import type { Clock, Timer } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { asError } from "../core/errors.ts";
import type { RegistryState, RegistryStore } from "../models/ports.ts";
import { type SlotName, servingRun } from "../models/slots.ts";
import type { Logger } from "../telemetry/logger.ts";

export interface Installed<Run> {
  /** Null: the built-in policy. */
  readonly primary: { readonly slot: SlotName; readonly runId: string; readonly run: Run } | null;
  readonly shadow: { readonly runId: string; readonly rollout: number; readonly run: Run } | null;
}

export interface FollowerPorts<Run> {
  readonly worker: string;
  readonly store: Pick<RegistryStore, "state" | "report">;
  /** Reads a run, of this generation, and checks it. Rejects with the reason why it cannot serve. */
  readonly load: (runId: string, generation: number, deadline: Deadline) => Promise<Run>;
  /** Why runs must not be held together; null when they may be. */
  readonly problemOf: (runs: readonly Run[]) => string | null;
  /** Only these are needed from now on. */
  readonly keep: (runIds: readonly string[], generation: number) => void;
  readonly install: (models: Installed<Run>) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const POLL_MS = 1_000;
const STORE_TIMEOUT_MS = 1_000;
const LOAD_TIMEOUT_MS = 20_000;
const RETRY_MS = 10_000;

interface Refusal {
  readonly version: number;
  readonly runId: string | null;
  readonly reason: string;
  readonly atMs: number;
}

export class ModelFollower<Run> implements AsyncDisposable {
  readonly #ports: FollowerPorts<Run>;
  /** Runs by id, of the generation that they were read in. */
  #loaded: { readonly generation: number; readonly runs: ReadonlyMap<string, Run> } = {
    generation: -1,
    runs: new Map(),
  };
  #version = -1;
  /** Run that answers here: null is the built-in policy, undefined that nothing was installed yet. */
  #serving: string | null | undefined;
  #failure: Refusal | null = null;
  #timer: Timer | null = null;
  #polling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ports: FollowerPorts<Run>) {
    this.#ports = ports;
  }

  /** Why what is promoted does not serve here; null when it does, or nothing is promoted. */
  get failure(): string | null {
    const failure = this.#failure;
    return failure === null || failure.runId === this.#serving ? null : failure.reason;
  }

  /** Looks for the first time, and goes on looking whatever comes of it. Never rejects. */
  async start(): Promise<void> {
    this.#polling = this.#poll();
    await this.#polling;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { store, clock, worker } = this.#ports;
    try {
      const state = await store.state(Deadline.after(STORE_TIMEOUT_MS, clock));
      if (this.#isDue(state)) await this.#follow(state);
      const { version, reason } = this.#failure ?? { version: this.#version, reason: null };
      await store.report({ worker, version, error: reason }, Deadline.after(STORE_TIMEOUT_MS, clock));
    } catch {
      // The store is away: what serves goes on serving.
    }
    if (this.#closed) return;
    const again = () => {
      this.#polling = this.#poll();
    };
    this.#timer = clock.schedule(POLL_MS, again, { unref: true });
  }

  #isDue({ version }: RegistryState): boolean {
    if (version === this.#version) return false;
    const failure = this.#failure;
    if (failure?.version !== version) return true;
    return this.#ports.clock.monotonicMs() - failure.atMs >= RETRY_MS;
  }

  async #follow(state: RegistryState): Promise<void> {
    try {
      await this.#install(state);
      this.#version = state.version;
      this.#failure = null;
    } catch (thrown) {
      this.#refuse(state, asError(thrown).message);
      const isStart = this.#serving === undefined;
      if (isStart && state.shadow !== null)
        await this.#install({ ...state, shadow: null }).catch(keepRefusal);
    }
    // After a failure these are the ones that serve on: what was wrong is read anew the next time.
    this.#ports.keep([...this.#loaded.runs.keys()], this.#loaded.generation);
  }

  async #install(state: RegistryState): Promise<void> {
    const { install, problemOf, log } = this.#ports;
    const { version, generation, activeSlot, shadow } = state;
    const runId = servingRun(state);
    const wanted = [runId, shadow?.runId ?? null].flatMap((each) => each ?? []);
    const runs = await this.#loadAll(generation, wanted);
    const problem = problemOf([...runs.values()]);
    if (problem !== null) throw new Error(problem);
    install({
      primary: runId === null ? null : { slot: activeSlot, runId, run: runs.get(runId) as Run },
      shadow: shadow && { ...shadow, run: runs.get(shadow.runId) as Run },
    });
    this.#loaded = { generation, runs };
    this.#serving = runId;
    log.info({ version, run_id: runId, shadow_run_id: shadow?.runId ?? null }, "model.installed");
  }

  #refuse(state: RegistryState, reason: string): void {
    const { clock, log } = this.#ports;
    const { version } = state;
    const runId = servingRun(state);
    if (this.#failure?.version !== version) log.error({ version, run_id: runId, reason }, "model.refused");
    this.#failure = { version, runId, reason, atMs: clock.monotonicMs() };
  }

  async #loadAll(generation: number, runIds: readonly string[]): Promise<ReadonlyMap<string, Run>> {
    const { load, clock } = this.#ports;
    const known = generation === this.#loaded.generation ? this.#loaded.runs : new Map<string, Run>();
    const runs = new Map<string, Run>();
    for (const runId of new Set(runIds)) {
      runs.set(
        runId,
        known.get(runId) ?? (await load(runId, generation, Deadline.after(LOAD_TIMEOUT_MS, clock))),
      );
    }
    return runs;
  }
}

/** The primary is what cannot be loaded: that was told already. */
const keepRefusal = () => {};

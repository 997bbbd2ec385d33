/** Speaks with the broker that coordinates a group, wherever it is by now. */

import {
  type API,
  type Connection,
  type Consumer,
  findErrorBy,
  kGetApi,
  kGetBootstrapConnection,
} from "@platformatic/kafka";
import type { Clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { asError } from "../../core/errors.ts";
import { hasApiError } from "./kafka-client.ts";

const REQUEST_TIMEOUT_MS = 5_000;
const APPOINTMENT_MS = 10_000;
const RETRY_MS = 250;
const KEY_TYPE_GROUP = 0;

/** What a broker says that does not, or not yet, coordinate the group. */
const ELSEWHERE = ["NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"] as const;

/** The part of an offset commit that names one position. */
export const positionOf = (topic: string, partition: number, nextOffset: bigint) => ({
  name: topic,
  partitions: [
    {
      partitionIndex: partition,
      committedOffset: nextOffset,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    },
  ],
});

export class Coordinator {
  readonly #client: Consumer;
  readonly #group: string;
  readonly #clock: Clock;
  #connection: Connection | null = null;
  /** Failures so far: each lets another broker be asked for the way. */
  #failures = 0;

  constructor(client: Consumer, group: string, clock: Clock) {
    this.#client = client;
    this.#group = group;
    this.#clock = clock;
  }

  /** Repeats `attempt` while a cluster that has just started appoints one. Throws at once what waiting does not mend. */
  async patiently(attempt: () => Promise<void>): Promise<void> {
    const deadline = Deadline.after(APPOINTMENT_MS, this.#clock);
    while (true) {
      try {
        return await attempt();
      } catch (thrown) {
        if (!hasApiError(asError(thrown), ...ELSEWHERE) || deadline.expired) throw thrown;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }

  /** Throws unless some broker is the coordinator. */
  async look(): Promise<void> {
    this.#connection = await Deadline.after(REQUEST_TIMEOUT_MS, this.#clock).race(this.#find());
  }

  /** One request to the coordinator, which is looked for when it is not known. Throws the library's error. */
  async ask<Response>(request: string, ...args: readonly unknown[]): Promise<Response> {
    const deadline = Deadline.after(REQUEST_TIMEOUT_MS, this.#clock);
    try {
      if (!this.#connection?.isConnected()) this.#connection = await deadline.race(this.#find());
      const api = await deadline.race(this.#api<Response>(request));
      return await deadline.race(api.async(this.#connection, ...args));
    } catch (thrown) {
      const error = asError(thrown);
      const isAnswer = findErrorBy(error, "code", "PLT_KFK_PROTOCOL") !== null;
      // A connection without an answer may be one to a machine that is no more.
      if (!isAnswer) this.#connection?.socket.destroy();
      if (!isAnswer || hasApiError(error, ...ELSEWHERE)) {
        this.#connection = null;
        this.#failures++;
      }
      throw error;
    }
  }

  async #find(): Promise<Connection> {
    type Found = { coordinators: readonly { host: string; port: number }[] };
    const guide = await new Promise<Connection>((resolve, reject) => {
      const settle = (error: Error | null, connection?: Connection) =>
        connection ? resolve(connection) : reject(error);
      this.#client[kGetBootstrapConnection](settle, this.#failures);
    });
    const api = await this.#api<Found>("FindCoordinator");
    const { coordinators } = await api.async(guide, KEY_TYPE_GROUP, [this.#group]);
    const [coordinator] = coordinators;
    if (!coordinator) throw new Error(`no broker coordinates the group ${this.#group}`);
    return this.#client.connections.get({ host: coordinator.host, port: coordinator.port });
  }

  /** The newest form of a request that both the broker and the library know. */
  #api<Response>(name: string): Promise<API<unknown[], Response>> {
    return new Promise((resolve, reject) => {
      this.#client[kGetApi]<unknown[], Response>(name, (error, api) => (api ? resolve(api) : reject(error)));
    });
  }
}

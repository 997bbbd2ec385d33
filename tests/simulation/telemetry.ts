/** Logger and metrics of a simulated process: what they are told is what a seed has seen. */

import type { Logger } from "../../src/telemetry/logger.ts";
import type { Metrics } from "../../src/telemetry/metrics-types.ts";
import type { Situation } from "./situations.ts";
import type { World } from "./world.ts";

const OF_EVENTS: ReadonlyMap<string, Situation> = new Map([
  ["relay.fenced", "a fenced mark"],
  ["relay.breaker", "the relay's breaker opened"],
  ["relay.stop_incomplete", "a stop that did not end in time"],
  ["consumer.stop_incomplete", "a stop that did not end in time"],
  ["consumer.partition_paused", "a partition waited for the store"],
]);

export interface Telemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** A stop said that it left something behind. */
  stopFailed: boolean;
}

export function createTelemetry(world: World, name: string): Telemetry {
  const said = (_fields: object, event: string) => {
    const situation = OF_EVENTS.get(event);
    if (situation) world.sometimes(situation);
    if (event.endsWith(".stop_incomplete")) telemetry.stopFailed = true;
    world.trace(`${name} says ${event}`);
  };
  const log: Logger = { debug() {}, info: said, warn: said, error: said, serialised() {}, child: () => log };
  const telemetry: Telemetry = { log, metrics: NO_METRICS, stopFailed: false };
  return telemetry;
}

const NO_METRICS: Metrics = {
  counter: () => ({ inc() {} }),
  gauge: () => ({ set() {}, remove() {} }),
  histogram: () => ({ observe() {} }),
  snapshot: () => ({ series: [] }),
};

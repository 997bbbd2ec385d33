/** Faults that come over the whole world from time to time. */

import type { WeatherKind } from "./climate.ts";
import type { Operator } from "./operator.ts";
import { GROUP, LOG_PARTITIONS, TOPICS } from "./settings.ts";
import type { Stores } from "./stores.ts";
import type { Tree } from "./tree.ts";
import type { Service, World } from "./world.ts";

export interface Exposed {
  readonly world: World;
  readonly stores: Stores;
  readonly tree: Tree;
  readonly operator: Operator;
}

export function startWeather(exposed: Exposed): void {
  const { world } = exposed;
  const { weather, weatherEveryMs } = world.climate;
  const next = (): void => {
    world.scheduler.after(weatherEveryMs * 2 * world.random.next(), () => {
      if (world.calm) return;
      const kind = world.pick(weather);
      world.trace(`weather ${kind}`);
      CHANGES[kind](exposed);
      next();
    });
  };
  if (weather.length > 0) next();
  if (world.climate.foreign > 0) startForeign(exposed);
  startReaders(exposed);
}

/** All faults end; what is frozen goes on. */
export function calmDown({ world, tree }: Exposed): void {
  world.calm = true;
  world.trace("calm");
  for (const service of Object.keys(world.outages) as Service[]) world.endOutage(service);
  for (const { realm } of tree.processes) realm.frozenUntilMs = 0;
}

const CHANGES: Readonly<Record<WeatherKind, (exposed: Exposed) => void>> = {
  crash({ world, tree }) {
    const process = world.pick(tree.processes);
    if (process) world.crash(process.realm);
  },
  freeze({ world, tree }) {
    const process = world.pick(world.chance(0.5) ? tree.of("relay") : tree.processes);
    if (process) world.freeze(process.realm);
  },
  restart({ world, tree }) {
    const process = world.pick(tree.processes);
    if (process) tree.restart(process);
  },
  clock_jump({ world, tree }) {
    const process = world.pick(tree.processes);
    if (!process) return;
    process.realm.wallSkewMs = (world.random.next() - 0.5) * 2 * 7_200_000;
    world.sometimes("a wall clock jumped");
  },
  store_down: ({ world }) => outage(world, "store"),
  log_down: ({ world }) => outage(world, "log"),
  letters_down: ({ world }) => outage(world, "letters"),
  rebalance({ world, stores }) {
    for (const slot of stores.log.group(GROUP).slots.values()) {
      if (world.chance(0.5)) Object.assign(slot, { owner: null, leaseUntilMs: world.nowMs() - 1 });
    }
  },
  topic_recreated({ world, stores }) {
    stores.log.recreate(world.pick(Object.values(TOPICS)), true);
    world.sometimes("a recreated topic was read again");
  },
  topic_lost({ world, stores }) {
    stores.log.recreate(world.pick(Object.values(TOPICS)), false);
    stores.history.lostRecords = true;
  },
  commits_lost({ world, stores }) {
    for (const slot of stores.log.group(GROUP).slots.values()) slot.committed = 0n;
    world.sometimes("the log forgot its commits");
  },
  retention({ world, stores }) {
    for (const topic of stores.log.topics.values()) {
      for (const [partition, held] of topic.partitions.entries()) {
        const place = { topic: topic.name, topicId: topic.id, partition };
        const read = Number(stores.consumer.storedOffset(place));
        held.start = Math.max(held.start, world.below(read + 1));
      }
    }
  },
  requeue: ({ operator }) => void operator.requeue(["dead"]),
  replay: ({ world, operator }) => operator.replay(world.chance(0.3) ? ["pending", "replayed"] : ["pending"]),
};

function outage(world: World, service: Service): void {
  world.outages[service] = world.pick(["refuses", "hangs"] as const);
  if (service !== "letters") world.sometimes(service === "store" ? "the store was down" : "the log was down");
  world.scheduler.after(200 + world.random.next() ** 2 * 14_000, () => world.endOutage(service));
}

/** Messages that nobody of ours wrote; `expect` says what must become of them. */
const FOREIGN = [
  { value: Buffer.from("no json"), expect: "dead" },
  { value: Buffer.from([0xff, 0x00]), expect: "dead" },
  { value: Buffer.from("[1]"), expect: "dead" },
  { value: Buffer.from('{"event_type":"watch"}'), expect: "dead" },
  { value: null, expect: "dead" },
  { value: Buffer.from('{"event_type":"rating"}'), expect: "ignored" },
  { value: Buffer.from("{}"), expect: "dead", schema_version: "9" },
] as const;

function startForeign({ world, stores }: Exposed): void {
  world.scheduler.after(world.random.next() * 6_000, () => {
    if (world.calm) return;
    const { value, ...headers } = world.pick(FOREIGN);
    stores.log.appendForeign(world.pick(Object.values(TOPICS)), world.below(LOG_PARTITIONS), {
      value,
      headers,
    });
    startForeign({ world, stores } as Exposed);
  });
}

/** Users who look at their recommendations. */
function startReaders(exposed: Exposed): void {
  const { world, tree } = exposed;
  world.scheduler.after(world.random.next() * 600, () => {
    const process = world.pick(tree.of("http"));
    const userId = `u-${world.below(world.climate.users)}`;
    if (process) world.scheduler.after(0, () => void process.cache?.read(userId), process.realm);
    if (!world.calm) startReaders(exposed);
  });
}

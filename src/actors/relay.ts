/** The relay actor: moves outbox rows to the event log. */

import type { Deadline } from "../core/deadline.ts";
import { failpoint } from "../core/failpoint.ts";
import { newUuidHex } from "../core/ids.ts";
import { ensureOutboxPartitions } from "../stores/postgres/outbox-partitions.ts";
import { readOutboxSnapshot } from "../stores/postgres/outbox-snapshot.ts";
import { createOutboxStore } from "../stores/postgres/outbox-store.ts";
import type { Pool } from "../stores/postgres/pool-types.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import type { ConsumerMessage } from "./consumer.ts";
import { openEventLog } from "./event-log.ts";
import { openRealm } from "./realm.ts";
import { asRefusal } from "./refusal.ts";
import { Relay, type RelayPorts } from "./relay-runner.ts";
import type { ActorArgs } from "./tree.ts";
import { hearWakeUps, openRemoteWaker } from "./wake-ups.ts";

/** Rows were committed: a hint that saves the wait for the next poll. */
export interface RelayMessage {
  readonly kind: "wake";
}

export const createRelay = (ports: RelayPorts) => new Relay(ports);

export async function start(context: ActorContext<ActorArgs>): Promise<Actor<RelayMessage>> {
  const { config } = context.args;
  const { clock, random } = context;
  const realm = openRealm(context, "outbox-relay");
  await failpoint("relay.start");
  const consumers = context.peers<ConsumerMessage>("consumer");
  const waker = await openRemoteWaker(context, realm, "reco:log");
  const relay = createRelay({
    settings: {
      relayId: `${context.id}-${newUuidHex(clock, random)}`,
      outbox: config.outbox,
      topics: [config.topics.impressions, config.topics.watches],
      topicPartitions: config.kafka?.topicPartitions ?? config.eventLog.partitions,
    },
    outbox: createOutboxStore(realm.pool),
    eventLog: await openEventLog({
      config,
      clientId: config.kafka?.clientId ?? "",
      pool: realm.pool,
      clock,
      random,
    }),
    readBacklog: (deadline) => readOutboxSnapshot(realm.pool, deadline),
    checkStore: (deadline) => checkPartitions(realm.pool, config.outbox.partitions, deadline),
    onPublished: () => {
      for (const consumer of consumers) consumer.offer({ kind: "wake" });
      waker.wake();
    },
    clock,
    random,
    log: realm.log,
    metrics: realm.metrics,
    progress: context.progress,
  });
  relay.run().catch((error) => context.fail(error));
  const hearing = await hearWakeUps(context, realm, "reco:outbox", () => relay.wake());
  return {
    receive: () => relay.wake(),
    busy: () => relay.busy,
    report: realm.report,
    async stop() {
      await hearing?.[Symbol.asyncDispose]();
      await relay.stop();
      await waker[Symbol.asyncDispose]();
      await realm[Symbol.asyncDispose]();
    },
  };
}

/** Another number of partitions than the stored rows were made for is a setting that no restart can mend. */
async function checkPartitions(pool: Pool, count: number, deadline: Deadline): Promise<void> {
  try {
    await ensureOutboxPartitions(pool, count, deadline);
  } catch (error) {
    throw asRefusal(error);
  }
}

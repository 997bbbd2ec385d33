/** The consumer actor: turns records of the event log into features. */

import { hostname } from "node:os";
import manifest from "../../package.json" with { type: "json" };
import { newUuidHex } from "../core/ids.ts";
import { SharedInvalidation } from "../recommend/shared-invalidation.ts";
import { createConsumerStore } from "../stores/postgres/consumer-store.ts";
import type { Actor, ActorContext } from "../supervisor/actor.ts";
import { openSharedCatalogue } from "./catalogue-sharing.ts";
import { tellApplied } from "./consumer-notify.ts";
import { Consumer, type ConsumerPorts } from "./consumer-runner.ts";
import { openEventLog } from "./event-log.ts";
import type { HttpMessage } from "./http-message.ts";
import { openRealm } from "./realm.ts";
import { openSharedCache } from "./shared-cache.ts";
import type { ActorArgs } from "./tree.ts";
import { hearWakeUps } from "./wake-ups.ts";

/** Records were appended: a hint that saves the wait for the next poll. */
export interface ConsumerMessage {
  readonly kind: "wake";
}

export const createConsumer = (ports: ConsumerPorts) => new Consumer(ports);

export async function start(context: ActorContext<ActorArgs>): Promise<Actor<ConsumerMessage>> {
  const { config } = context.args;
  const { clock, random } = context;
  const realm = openRealm(context, "feature-consumer");
  const https = context.peers<HttpMessage>("http");
  const cache = await openSharedCache(context, realm);
  const invalidation = cache && new SharedInvalidation(cache, clock);
  const signals = await openSharedCatalogue(context, realm);
  const consumer = createConsumer({
    settings: {
      memberId: `${config.consumer.clientId}-${context.id}-${newUuidHex(clock, random)}`,
      consumer: config.consumer,
      kinds: new Map([
        [config.topics.impressions, "impression"],
        [config.topics.watches, "watch"],
      ]),
      restarted: context.incarnation > 1,
    },
    eventLog: await openEventLog({
      config,
      clientId: config.consumer.clientId,
      pool: realm.pool,
      clock,
      random,
    }),
    store: createConsumerStore({
      pool: realm.pool,
      historySize: config.consumer.historySize,
      origin: { node: hostname(), appVersion: manifest.version },
    }),
    onApplied(change) {
      tellApplied(https, change);
      invalidation?.apply(change);
    },
    ...(signals && { onSignals: (interactions) => signals.count(interactions) }),
    clock,
    random,
    log: realm.log,
    metrics: realm.metrics,
    progress: context.progress,
  });
  consumer.run().catch((error) => context.fail(error));
  const hearing = await hearWakeUps(context, realm, "reco:log", () => consumer.wake());
  return {
    receive: () => consumer.wake(),
    busy: () => consumer.busy,
    report: realm.report,
    async stop() {
      await hearing?.[Symbol.asyncDispose]();
      await consumer.stop();
      invalidation?.[Symbol.dispose]();
      await signals?.[Symbol.asyncDispose]();
      await cache?.[Symbol.asyncDispose]();
      await realm[Symbol.asyncDispose]();
    },
  };
}

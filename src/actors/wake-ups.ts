/** Wake-up calls to relays and consumers of other nodes, through Redis where there is one. */

import type { WakeChannel } from "../stores/redis/hints.ts";
import type { ActorContext } from "../supervisor/actor.ts";
import type { Realm } from "./realm.ts";
import { redisOf, tellHints } from "./shared-cache.ts";
import type { ActorArgs } from "./tree.ts";

export interface Waker extends AsyncDisposable {
  /** Never waits and never fails: who is not reached polls. */
  wake(): void;
}

const NOBODY: Waker = { wake() {}, async [Symbol.asyncDispose]() {} };

export async function openRemoteWaker(
  context: ActorContext<ActorArgs>,
  realm: Realm,
  channel: WakeChannel,
): Promise<Waker> {
  const options = optionsOf(context, realm, channel);
  if (options === null) return NOBODY;
  const { openWaker } = await import("../stores/redis/hints.ts");
  return openWaker(channel, options);
}

/** Null without Redis. */
export async function hearWakeUps(
  context: ActorContext<ActorArgs>,
  realm: Realm,
  channel: WakeChannel,
  onWake: () => void,
): Promise<AsyncDisposable | null> {
  const options = optionsOf(context, realm, channel);
  if (options === null) return null;
  const { listen } = await import("../stores/redis/hints.ts");
  return listen(channel, onWake, options);
}

function optionsOf(context: ActorContext<ActorArgs>, { log }: Realm, channel: WakeChannel) {
  const redis = redisOf(context.args.config);
  if (redis === null) return null;
  const { clock, random } = context;
  const onChange = (state: "up" | Error) => tellHints(log, channel, state);
  return { ...redis, clock, random, onChange };
}

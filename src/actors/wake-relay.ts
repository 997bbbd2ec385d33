/** Hints to relays that outbox rows were committed. */

import type { ActorContext } from "../supervisor/actor.ts";
import type { RelayMessage } from "./relay.ts";
import type { Waker } from "./wake-ups.ts";

/** To the relay of this tree and to those of others. A lost hint costs one poll interval, so it is never waited for. */
export function wakeRelay(context: ActorContext, remote: Waker): () => void {
  const relays = context.peers<RelayMessage>("relay");
  return () => {
    for (const relay of relays) relay.offer({ kind: "wake" });
    remote.wake();
  };
}

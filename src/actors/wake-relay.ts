/** Hints to the relay that outbox rows were committed. */

import type { ActorContext } from "../supervisor/actor.ts";
import type { RelayMessage } from "./relay.ts";

/** A lost hint costs one poll interval, so it is never waited for; trees without a relay have nobody to tell. */
export function wakeRelay(context: ActorContext): () => void {
  const relays = context.peers<RelayMessage>("relay");
  return () => {
    for (const relay of relays) relay.offer({ kind: "wake" });
  };
}

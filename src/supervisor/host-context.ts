/** Builds what an actor's `start` receives. */

import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { ActorContext, ActorId, ChildStatus, Peer } from "./actor.ts";
import type { ToChild, ToParent } from "./frames.ts";
import type { PendingReplies } from "./pending-replies.ts";

/** A survey's answers come when its time is up; the way back needs a little longer. */
const REPLY_GRACE_MS = 1_000;

export interface ContextParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly peers: ReadonlyMap<ActorId, Peer<unknown>>;
  readonly replies: PendingReplies;
  readonly stopping: AbortSignal;
  readonly send: (request: Extract<ToParent, { readonly kind: "survey" | "tree" }>) => void;
  readonly progress: () => void;
  readonly fail: (error: unknown) => void;
  readonly done: () => void;
}

type StartFrame = Extract<ToChild, { readonly kind: "start" }>;

export function createContext(frame: StartFrame, parts: ContextParts): ActorContext {
  const { clock, random, peers, replies, stopping, progress, fail, done } = parts;
  return {
    id: frame.id,
    incarnation: frame.incarnation,
    args: frame.args,
    clock,
    random,
    stopping,
    progress,
    fail,
    done,
    peer<Message>(id: ActorId) {
      const peer = peers.get(id);
      if (!peer) throw new Error(`${frame.id} may not send to ${id}: name it in sendsTo`);
      return peer as Peer<Message>;
    },
    peers<Message>(prefix: string) {
      const matching = [...peers.values()].filter(({ id }) => id === prefix || id.startsWith(`${prefix}-`));
      return matching as readonly Peer<Message>[];
    },
    async survey(question, timeoutMs) {
      const { requestId, reply } = replies.open("the supervisor", timeoutMs + REPLY_GRACE_MS);
      parts.send({ kind: "survey", requestId, question, timeoutMs });
      return (await reply) as readonly { id: ActorId; answer: unknown }[];
    },
    async tree(timeoutMs) {
      const { requestId, reply } = replies.open("the supervisor", timeoutMs);
      parts.send({ kind: "tree", requestId });
      return (await reply) as readonly ChildStatus[];
    },
  };
}

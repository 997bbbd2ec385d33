/** An ActorContext for testing one actor alone: peers record what they get and answer as scripted. */

import { systemClock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import {
  type ActorContext,
  type ActorId,
  AskTimeoutError,
  type ChildStatus,
  type Peer,
  PeerDownError,
  type SendResult,
} from "../../src/supervisor/actor.ts";

/** How one fake peer behaves. */
export interface PeerScript {
  /** Messages it takes before it answers `full`; unlimited when left out. */
  readonly credits?: number;
  /** True: `tell` answers `peer_down` and `ask` rejects with PeerDownError. */
  readonly down?: boolean;
  /** What `ask` resolves with; a throw rejects it. Left out: every ask times out at once. */
  readonly answer?: (message: unknown) => unknown;
}

export interface TestContextOptions<Args> {
  readonly args: Args;
  readonly id?: ActorId;
  readonly incarnation?: number;
  readonly clock?: ActorContext["clock"];
  readonly random?: ActorContext["random"];
  /** Every id this actor may send to, in the order of `sendsTo`. */
  readonly peers?: Readonly<Record<ActorId, PeerScript>>;
  readonly survey?: ActorContext["survey"];
  readonly tree?: readonly ChildStatus[];
}

export interface TestContext<Args> extends ActorContext<Args> {
  /** Messages that peer took, oldest first (`tell`, `offer` and `ask` alike). */
  sentTo<Message = unknown>(id: ActorId): readonly Message[];
  /** Changes a peer's script from now on, e.g. to take it down. */
  script(id: ActorId, script: PeerScript): void;
  /** Everything handed to `fail`. */
  readonly failures: readonly unknown[];
  progressCount(): number;
  /** True once the actor said `done`. */
  isDone(): boolean;
  /** Aborts `stopping`, as the host does before it calls `stop`. */
  requestStop(): void;
}

class FakePeer implements Peer<unknown> {
  readonly id: ActorId;
  readonly taken: unknown[] = [];
  behaviour: PeerScript;

  constructor(id: ActorId, behaviour: PeerScript) {
    this.id = id;
    this.behaviour = behaviour;
  }

  credits(): number {
    return Math.max(0, (this.behaviour.credits ?? Number.POSITIVE_INFINITY) - this.taken.length);
  }

  offer(message: unknown): SendResult {
    if (this.behaviour.down) return { sent: false, reason: "peer_down" };
    if (this.credits() < 1) return { sent: false, reason: "full" };
    this.taken.push(structuredClone(message));
    return { sent: true };
  }

  tell(message: unknown): Promise<SendResult> {
    return Promise.resolve(this.offer(message));
  }

  async ask<Answer>(message: unknown): Promise<Answer> {
    if (this.behaviour.down) throw new PeerDownError(`${this.id} is down`);
    this.taken.push(structuredClone(message));
    if (!this.behaviour.answer) throw new AskTimeoutError(`${this.id} did not answer`);
    return (await this.behaviour.answer(message)) as Answer;
  }
}

/** Builds the context; messages are cloned on their way, so what cannot cross realms fails here too. */
export function createTestContext<Args>(options: TestContextOptions<Args>): TestContext<Args> {
  const id = options.id ?? "actor-0";
  const stop = new AbortController();
  const failures: unknown[] = [];
  let progressed = 0;
  let finished = false;
  const peers = new Map(
    Object.entries(options.peers ?? {}).map(([peerId, script]) => [peerId, new FakePeer(peerId, script)]),
  );
  const find = (peerId: ActorId): FakePeer => {
    const found = peers.get(peerId);
    if (!found) throw new Error(`${id} has no channel to ${peerId}: name it in sendsTo`);
    return found;
  };
  return {
    id,
    incarnation: options.incarnation ?? 1,
    args: options.args,
    clock: options.clock ?? systemClock,
    random: options.random ?? seededRandom(1),
    stopping: stop.signal,
    progress: () => {
      progressed++;
    },
    peer: <Message>(peerId: ActorId) => find(peerId) as Peer<Message>,
    peers: <Message>(prefix: string) =>
      [...peers.values()].filter(
        (peer) => peer.id === prefix || peer.id.startsWith(`${prefix}-`),
      ) as unknown as readonly Peer<Message>[],
    survey: options.survey ?? (() => Promise.resolve([])),
    tree: () => Promise.resolve(options.tree ?? []),
    fail: (error) => {
      failures.push(error);
    },
    done: () => {
      finished = true;
    },
    sentTo: <Message>(peerId: ActorId) => find(peerId).taken as readonly Message[],
    script: (peerId, script) => {
      find(peerId).behaviour = script;
    },
    failures,
    progressCount: () => progressed,
    isDone: () => finished,
    requestStop: () => stop.abort(),
  };
}

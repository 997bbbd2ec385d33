/** Knows which children may talk, hands out the lanes between them, and passes on frames that have no port of their own. */

import { MessageChannel } from "node:worker_threads";
import type { ActorId, ChildSpec, DeadLetterReason, Isolation } from "./actor.ts";
import type { ConnectFrame, DataFrame, ToChild } from "./frames.ts";

/** The supervisor's line to one living incarnation. */
export interface Line {
  readonly id: ActorId;
  readonly incarnation: number;
  readonly isolation: Isolation;
  readonly send: (frame: ToChild) => void;
}

export class Switchboard {
  readonly #specs: ReadonlyMap<ActorId, ChildSpec>;
  readonly #countLost: (actor: ActorId, reason: DeadLetterReason) => void;
  readonly #lines = new Map<ActorId, Line>();
  /** Those that are ready to receive. */
  readonly #admitted = new Set<ActorId>();

  constructor(children: readonly ChildSpec[], countLost: (actor: ActorId, reason: DeadLetterReason) => void) {
    this.#specs = new Map(children.map((child) => [child.id, child]));
    this.#countLost = countLost;
  }

  /** Takes in a starting child and answers its lanes to the peers that run already. */
  open(line: Line): ConnectFrame[] {
    this.#lines.set(line.id, line);
    return this.#peersOf(line.id).flatMap((peer) => {
      if (!this.#admitted.has(peer.id)) return [];
      const lane = this.#lane(line, peer);
      peer.send(lane.in);
      return lane.out;
    });
  }

  /** The child is ready: its senders get their lanes to it. */
  admit(id: ActorId): void {
    const line = this.#lines.get(id);
    if (!line) return;
    this.#admitted.add(id);
    for (const sender of this.#sendersTo(id)) {
      const lane = this.#lane(sender, line);
      line.send(lane.in);
      sender.send(lane.out);
    }
  }

  isAdmitted(id: ActorId): boolean {
    return this.#admitted.has(id);
  }

  /** The child has ended: everybody with a lane from or to it is told. */
  close(id: ActorId): void {
    const line = this.#lines.get(id);
    if (!line) return;
    this.#lines.delete(id);
    this.#admitted.delete(id);
    const { incarnation } = line;
    for (const sender of this.#sendersTo(id)) {
      sender.send({ kind: "disconnect", direction: "out", peer: id, incarnation });
    }
    for (const receiver of this.#peersOf(id)) {
      // A port closes by itself once what was posted has been delivered; this frame could overtake that.
      if (isDirect(line, receiver)) continue;
      receiver.send({ kind: "disconnect", direction: "in", peer: id, incarnation });
    }
  }

  /** Passes a lane frame on, unread, if both ends are still the ones it was meant for. */
  route(author: Line, frame: DataFrame): void {
    const { direction, incarnation, body } = frame;
    const [from, to] = direction === "forward" ? [author.id, frame.peer] : [frame.peer, author.id];
    const peer = this.#lines.get(frame.peer);
    if (!this.#specs.get(from)?.sendsTo.includes(to)) this.#countLost(author.id, "unknown_frame");
    else if (!peer) this.#lost(frame, "peer_down");
    else if (peer.incarnation !== incarnation) this.#lost(frame, "old_incarnation");
    else {
      peer.send({ kind: "data", peer: author.id, incarnation: author.incarnation, direction, body });
    }
  }

  /** Credits for a sender that died are worth nothing to anybody; everything else that is lost counts. */
  #lost({ peer, body }: DataFrame, reason: "peer_down" | "old_incarnation"): void {
    if (body.kind !== "credit") this.#countLost(peer, reason);
  }

  #lane(sender: Line, receiver: Line): { readonly out: ConnectFrame; readonly in: ConnectFrame } {
    const mailbox = this.#specs.get(receiver.id)?.mailbox;
    if (!mailbox) throw new Error(`no child ${receiver.id}`);
    const ports = isDirect(sender, receiver) ? new MessageChannel() : null;
    const lane = { kind: "connect", mailbox } as const;
    return {
      out: {
        ...lane,
        direction: "out",
        peer: receiver.id,
        incarnation: receiver.incarnation,
        port: ports?.port1 ?? null,
      },
      in: {
        ...lane,
        direction: "in",
        peer: sender.id,
        incarnation: sender.incarnation,
        port: ports?.port2 ?? null,
      },
    };
  }

  /** Living children that `id` may send to. */
  #peersOf(id: ActorId): Line[] {
    return (this.#specs.get(id)?.sendsTo ?? []).flatMap((peer) => this.#lines.get(peer) ?? []);
  }

  /** Living children that may send to `id`. */
  #sendersTo(id: ActorId): Line[] {
    return [...this.#lines.values()].filter((line) => this.#specs.get(line.id)?.sendsTo.includes(id));
  }
}

/** Ports cannot be given to another process, and an inline actor has no thread of its own. */
const isDirect = (one: Line, other: Line) => one.isolation === "thread" && other.isolation === "thread";

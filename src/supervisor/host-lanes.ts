/** All lanes of one actor: to its peers and from its senders. */

import type { Clock } from "../core/clock.ts";
import type { ActorId, Peer } from "./actor.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { ConnectFrame, DataFrame, LaneFrame } from "./frames.ts";
import { InLane } from "./in-lane.ts";
import { type LaneWire, portWire, type WireEvents } from "./lane-wire.ts";
import { OutLane } from "./out-lane.ts";
import { PeerHandle } from "./peer-handle.ts";

export interface HostLanesOptions {
  readonly self: ActorId;
  readonly sendsTo: readonly ActorId[];
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
  /** Sends a frame on its way through the supervisor. */
  readonly route: (frame: DataFrame) => void;
  readonly handle: (message: unknown, from: ActorId) => unknown;
  readonly failed: (error: unknown) => void;
}

export class HostLanes {
  readonly #options: HostLanesOptions;
  readonly #peers: ReadonlyMap<ActorId, PeerHandle>;
  readonly #inLanes = new Set<InLane>();
  #idleWaiters: (() => void)[] = [];

  constructor(options: HostLanesOptions) {
    this.#options = options;
    this.#peers = new Map(options.sendsTo.map((id) => [id, new PeerHandle(id, options.deadLetters)]));
  }

  get peers(): ReadonlyMap<ActorId, Peer<unknown>> {
    return this.#peers;
  }

  /** True while messages wait or are being handled. */
  get busy(): boolean {
    return [...this.#inLanes].some((lane) => lane.busy);
  }

  /** Resolves when no message waits and none is being handled. */
  idle(): Promise<void> {
    if (!this.busy) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  connect(frame: ConnectFrame): void {
    if (frame.direction === "in") this.#connectIn(frame);
    else this.#connectOut(frame);
  }

  /** The peer's incarnation has ended. */
  disconnect(direction: ConnectFrame["direction"], peer: ActorId, incarnation: number): void {
    const handle = this.#peers.get(peer);
    const inLane = this.#inLane(peer, incarnation);
    if (direction === "in" && inLane) this.#closeIn(inLane);
    else if (handle?.lane?.incarnation === incarnation) this.#closeOut(handle, handle.lane);
  }

  /** Takes a lane frame that came through the supervisor. */
  accept({ peer, incarnation, direction, body }: DataFrame): void {
    const out = this.#peers.get(peer)?.lane;
    const lane = direction === "forward" ? this.#inLane(peer, incarnation) : out;
    if (lane?.incarnation === incarnation) lane.accept(body);
    else this.#options.deadLetters.add(this.#options.self, "old_incarnation");
  }

  #connectOut(frame: ConnectFrame): void {
    const { self, clock, deadLetters } = this.#options;
    const { peer, incarnation, mailbox } = frame;
    const handle = this.#peers.get(peer);
    if (!handle) throw new Error(`a lane to ${peer}, which ${self} may not send to`);
    handle.lane?.close();
    const events = {
      frame: (body: LaneFrame | null) => this.#acceptFrom(lane, body),
      closed: () => this.#closeOut(handle, lane),
    };
    const wire = this.#wire(frame, "forward", events);
    const lane = new OutLane({ self, peer, incarnation, mailbox, wire, clock, deadLetters });
    handle.lane = lane;
  }

  #connectIn(frame: ConnectFrame): void {
    const { self, deadLetters, handle, failed } = this.#options;
    const { peer, incarnation, mailbox } = frame;
    const events = {
      frame: (body: LaneFrame | null) => this.#acceptFrom(lane, body),
      closed: () => this.#closeIn(lane),
    };
    const lane = new InLane({
      self,
      peer,
      incarnation,
      capacity: mailbox.capacity,
      concurrency: mailbox.concurrency ?? 1,
      wire: this.#wire(frame, "back", events),
      deadLetters,
      handle,
      failed,
      idle: () => this.#laneIdle(lane),
    });
    this.#inLanes.add(lane);
  }

  #wire(frame: ConnectFrame, direction: DataFrame["direction"], events: WireEvents): LaneWire {
    const { peer, incarnation, port } = frame;
    if (port) return portWire(port, events);
    return {
      post: (body) => this.#options.route({ kind: "data", peer, incarnation, direction, body }),
      close: () => {},
    };
  }

  #acceptFrom(lane: InLane | OutLane, body: LaneFrame | null): void {
    if (body) lane.accept(body);
    else this.#options.deadLetters.add(this.#options.self, "unknown_frame");
  }

  #closeOut(handle: PeerHandle, lane: OutLane): void {
    if (handle.lane === lane) handle.lane = null;
    lane.close();
  }

  #closeIn(lane: InLane): void {
    lane.close();
    if (!lane.busy) this.#inLanes.delete(lane);
  }

  #laneIdle(lane: InLane): void {
    if (lane.closed) this.#inLanes.delete(lane);
    if (this.busy) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #inLane(peer: ActorId, incarnation: number): InLane | undefined {
    return [...this.#inLanes].find((lane) => lane.peer === peer && lane.incarnation === incarnation);
  }
}

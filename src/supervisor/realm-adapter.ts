/** What the supervisor needs of a realm, whatever it is made of. */

import type { ActorId } from "./actor.ts";
import type { ToChild } from "./frames.ts";

/** The supervisor's hold on one incarnation of a child. */
export interface Realm {
  /** Process id; the supervisor's own for what lives in its process. */
  readonly pid: number;
  /** Posts a frame, with the ports in it. To a dead realm it does nothing. */
  send(frame: ToChild): void;
  /** Ends the realm by force, whatever it is doing. `ended` follows. */
  kill(): void;
}

export interface RealmEvents {
  /** A frame as it was posted, in order. */
  frame(raw: unknown): void;
  /** The last event: the realm is gone, and every frame it got out was delivered. */
  ended(detail: string): void;
}

export interface RealmRequest {
  readonly id: ActorId;
  readonly startTimeoutMs: number;
}

/** Makes a realm; listens before the first frame can come. Throws when it cannot be made. */
export type SpawnRealm = (request: RealmRequest, events: RealmEvents) => Realm;

/** The ports in a frame, which move with it. */
export function portsOf(frame: ToChild) {
  const lanes = frame.kind === "start" ? frame.lanes : frame.kind === "connect" ? [frame] : [];
  return lanes.flatMap((lane) => lane.port ?? []);
}

/** True for the frames after which a realm has loaded and may be terminated safely. */
export function saysLoaded(raw: unknown): boolean {
  const kind = (raw as { kind?: unknown } | null)?.kind;
  return kind === "ready" || kind === "exited";
}

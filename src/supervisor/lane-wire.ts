/** How the frames of one lane travel: over a direct port, or through the supervisor. */

import type { MessagePort } from "node:worker_threads";
import { type LaneFrame, openLaneFrame, sealed } from "./frames.ts";

export interface LaneWire {
  /** Throws DataCloneError for a value that cannot be cloned; posting to a dead end does nothing. */
  post(frame: LaneFrame): void;
  close(): void;
}

export interface WireEvents {
  /** Null for a frame of another version. */
  frame(frame: LaneFrame | null): void;
  /** The other end is gone; frames it had posted before came first. */
  closed(): void;
}

export function portWire(port: MessagePort, events: WireEvents): LaneWire {
  port.on("message", (raw: unknown) => events.frame(openLaneFrame(raw)));
  port.on("close", () => events.closed());
  return {
    post: (frame) => port.postMessage(sealed(frame)),
    close: () => port.close(),
  };
}

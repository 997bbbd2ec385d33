/** A peer over a real lane whose receiver is the test. */

import type { Clock } from "../../src/core/clock.ts";
import type { Mailbox, Peer } from "../../src/supervisor/actor.ts";
import { DeadLetters } from "../../src/supervisor/dead-letters.ts";
import { OutLane } from "../../src/supervisor/out-lane.ts";
import { PeerHandle } from "../../src/supervisor/peer-handle.ts";

export interface PeerLane<Message> {
  readonly peer: Peer<Message>;
  /** Everything that was handed over, oldest first. */
  readonly taken: readonly Message[];
  /** Gives credits back, as a receiver does that has handled messages. */
  giveBack(count: number): void;
  /** The receiver dies. */
  end(): void;
}

/** `onMessage` sees each message as it is handed over. */
export function aPeerLane<Message>(
  mailbox: Mailbox,
  clock: Clock,
  onMessage: (message: Message) => void = () => {},
): PeerLane<Message> {
  const taken: Message[] = [];
  const deadLetters = new DeadLetters();
  const handle = new PeerHandle("receiver", deadLetters);
  const lane = new OutLane({
    self: "sender",
    peer: handle.id,
    incarnation: 1,
    mailbox,
    wire: {
      post(frame) {
        if (frame.kind !== "message") return;
        const message = structuredClone(frame.message) as Message;
        taken.push(message);
        onMessage(message);
      },
      close() {},
    },
    clock,
    deadLetters,
  });
  handle.lane = lane;
  return {
    peer: handle as unknown as Peer<Message>,
    taken,
    giveBack: (count) => lane.accept({ kind: "credit", count }),
    end() {
      handle.lane = null;
      lane.close();
    },
  };
}

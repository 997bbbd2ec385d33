/** What travels between the supervisor and its children, and along a lane. */

import type { MessagePort } from "node:worker_threads";
import type { ActorId, ChildSpec } from "./actor.ts";
import type { DeadLetterCount } from "./dead-letters.ts";
import type { SerialisedError } from "./serialised-error.ts";

/** Raised when a frame changes shape: a child of another build must not be misunderstood. */
export const FRAME_VERSION = 1;

/** Along a lane: messages go forward, from sender to receiver; all else goes back. */
export type LaneFrame =
  | { readonly kind: "message"; readonly message: unknown; readonly askId: number | null }
  | { readonly kind: "answer"; readonly askId: number; readonly value: unknown }
  | { readonly kind: "refusal"; readonly askId: number; readonly error: SerialisedError }
  | { readonly kind: "credit"; readonly count: number };

/** A lane frame on its way through the supervisor. `peer` and `incarnation` name the other end. */
export interface DataFrame {
  readonly kind: "data";
  readonly peer: ActorId;
  readonly incarnation: number;
  /** `forward` on the lane from the frame's author to the other end, `back` on the lane that comes from there. */
  readonly direction: "forward" | "back";
  readonly body: LaneFrame;
}

export interface ConnectFrame {
  readonly kind: "connect";
  /** `out`: this child sends to the peer. `in`: the peer sends to this child. */
  readonly direction: "out" | "in";
  readonly peer: ActorId;
  readonly incarnation: number;
  /** The receiver's mailbox: credits the lane opens with, and what a sender without credit does. */
  readonly mailbox: ChildSpec["mailbox"];
  /** The lane itself; null when its frames go through the supervisor. */
  readonly port: MessagePort | null;
}

/** Control and routed data, from the supervisor to a child. */
export type ToChild =
  | ConnectFrame
  | DataFrame
  | {
      readonly kind: "disconnect";
      readonly direction: ConnectFrame["direction"];
      readonly peer: ActorId;
      readonly incarnation: number;
    }
  | {
      readonly kind: "start";
      readonly id: ActorId;
      readonly incarnation: number;
      readonly module: string;
      readonly args: unknown;
      readonly sendsTo: readonly ActorId[];
      /** Lanes to the peers that run already. */
      readonly lanes: readonly ConnectFrame[];
      readonly heartbeatMs: number;
    }
  | { readonly kind: "stop" }
  | { readonly kind: "report"; readonly requestId: number; readonly question: string }
  | { readonly kind: "reply"; readonly requestId: number; readonly value: unknown };

/** Control and routed data, from a child to the supervisor. */
export type ToParent =
  | DataFrame
  | { readonly kind: "ready" }
  | {
      readonly kind: "heartbeat";
      readonly progress: number;
      /** True while work waits. */
      readonly busy: boolean;
      readonly deadLetters: readonly DeadLetterCount[];
    }
  | ExitedFrame
  | { readonly kind: "reported"; readonly requestId: number; readonly answer: unknown }
  | {
      readonly kind: "survey";
      readonly requestId: number;
      readonly question: string;
      readonly timeoutMs: number;
    }
  | { readonly kind: "tree"; readonly requestId: number };

/** The last frame of a child. Only `normal` is a normal end; an end without this frame is not. */
export type ExitedFrame =
  | { readonly kind: "exited"; readonly reason: "normal"; readonly deadLetters: readonly DeadLetterCount[] }
  | {
      readonly kind: "exited";
      readonly reason: "failed";
      readonly error: SerialisedError;
      readonly deadLetters: readonly DeadLetterCount[];
    };

type Kinds<Frame extends { readonly kind: string }> = Readonly<Record<Frame["kind"], true>>;

const LANE_KINDS: Kinds<LaneFrame> = { message: true, answer: true, refusal: true, credit: true };
const TO_CHILD_KINDS: Kinds<ToChild> = {
  connect: true,
  data: true,
  disconnect: true,
  start: true,
  stop: true,
  report: true,
  reply: true,
};
const TO_PARENT_KINDS: Kinds<ToParent> = {
  data: true,
  ready: true,
  heartbeat: true,
  exited: true,
  reported: true,
  survey: true,
  tree: true,
};

/** The frame as it is posted. */
export const sealed = <Frame extends object>(frame: Frame) => ({ v: FRAME_VERSION, ...frame });

/** The frame that was posted, or null for another version or kind. Frames of this version are trusted. */
function opened<Frame extends { readonly kind: string }>(raw: unknown, kinds: Kinds<Frame>): Frame | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { v, kind } = raw as { v?: unknown; kind?: unknown };
  return v === FRAME_VERSION && typeof kind === "string" && Object.hasOwn(kinds, kind)
    ? (raw as unknown as Frame)
    : null;
}

export const openLaneFrame = (raw: unknown) => opened<LaneFrame>(raw, LANE_KINDS);
export const openToChild = (raw: unknown) => opened<ToChild>(raw, TO_CHILD_KINDS);
export const openToParent = (raw: unknown) => opened<ToParent>(raw, TO_PARENT_KINDS);

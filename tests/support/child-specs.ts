/** Child specifications with defaults. */

import type { ChildSpec, Isolation } from "../../src/supervisor/actor.ts";
import type { TestArgs } from "../fixtures/programs/actors.ts";

export function aChild(
  id: string,
  isolation: Isolation,
  overrides: Partial<ChildSpec<TestArgs>> = {},
): ChildSpec {
  return {
    id,
    start: { module: "actor", args: {} },
    isolation,
    restart: "permanent",
    startTimeoutMs: 5_000,
    shutdownMs: 2_000,
    backoff: { minMs: 10, maxMs: 40, jitter: 0, resetAfterMs: 10_000 },
    mailbox: { capacity: 4, overflow: "sync" },
    sendsTo: [],
    ...overrides,
  };
}

/** A target that does as it is told, and a driver that sends to it. */
export const aPair = (isolation: Isolation, target: Partial<ChildSpec<TestArgs>> = {}): ChildSpec[] => [
  aChild("target", isolation, target),
  aChild("driver", isolation, { sendsTo: ["target"] }),
];

/** The servers of the serving part, from the empty shell to the better engine on two threads. */

import type { Bar } from "../support/figure.ts";
import { Server } from "../support/server.ts";

export interface Candidate {
  readonly name: string;
  readonly server: Server;
  /** False for servers that take no events. */
  readonly hasStore: boolean;
  /** Of the throughput beside noop. */
  readonly bar: Bar | null;
}

const STREAM = { RECO_DEFAULT_POLICY: "builtin:stream-v1" };
const COLD = { cache: { rankedListTtlMs: 0 } };
const atLeast = (limit: number): Bar => ({ of: "ratio", is: ">=", limit });

/** Cold: no answer and no ranked list is kept. Warm: a user's ranked list is kept until the profile changes. */
export async function servingCandidates(
  databaseUrl: string,
  only: ReadonlySet<string> | null,
  stack: AsyncDisposableStack,
): Promise<Candidate[]> {
  const tree = (options: Partial<Parameters<typeof Server.tree>[0]>) => () =>
    Server.tree({ databaseUrl, ...options });
  const all = [
    { name: "shell", hasStore: false, bar: null, start: () => Server.shell() },
    { name: "rules-v1", hasStore: true, bar: atLeast(0.2), start: tree({ config: COLD }) },
    { name: "stream-v1", hasStore: true, bar: atLeast(0.18), start: tree({ env: STREAM, config: COLD }) },
    { name: "stream-v1-warm", hasStore: true, bar: atLeast(0.4), start: tree({ env: STREAM }) },
    {
      name: "stream-v1-two-threads",
      hasStore: true,
      bar: atLeast(0.3),
      start: tree({ env: STREAM, config: COLD, workers: 2 }),
    },
  ];
  const candidates: Candidate[] = [];
  for (const { name, hasStore, bar, start } of all) {
    if (only && !only.has(name)) continue;
    candidates.push({ name, hasStore, bar, server: stack.use(await start()) });
  }
  return candidates;
}

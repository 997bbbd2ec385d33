/** A tree of two http workers with the whole loop, and a client pinned to each. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PinnedClient } from "./pinned-client.ts";
import { Server } from "./server.ts";
import type { Store } from "./store.ts";
import { clientsOfWorkers } from "./workers.ts";

const WORKERS = 2;

export interface FreshnessTree {
  readonly port: number;
  readonly clients: { readonly same: PinnedClient; readonly other: PinnedClient };
}

/** Runs `measure` against it. */
export async function withFreshnessTree<T>(
  store: Store,
  env: Readonly<Record<string, string>>,
  measure: (tree: FreshnessTree) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "reco-bench-log-"));
  using stack = new DisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = join(folder, "log");
  await using tree = await Server.tree({
    databaseUrl: store.url,
    roles: "http,relay,consumer,monitor",
    workers: WORKERS,
    logFile,
    env,
  });
  const [same, other] = await clientsOfWorkers(tree.port, logFile, WORKERS, stack);
  if (!same || !other) throw new Error("a worker has no client");
  return await measure({ port: tree.port, clients: { same, other } });
}

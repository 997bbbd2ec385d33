/** One connection to each http worker of a tree: the kernel chooses, and the request log says whom it chose. */

import { readFileSync } from "node:fs";
import { PinnedClient } from "./pinned-client.ts";

/** The first that listens makes the tree ready; the others follow once they are warm. */
const FOUND_WITHIN_MS = 30_000;
const LOG_WITHIN_MS = 2_000;
const POLL_MS = 10;

/** A client a worker, in the order of their names. */
export async function clientsOfWorkers(
  port: number,
  logFile: string,
  workers: number,
  stack: DisposableStack,
): Promise<readonly PinnedClient[]> {
  const found = new Map<string, PinnedClient>();
  const endMs = performance.now() + FOUND_WITHIN_MS;
  for (let attempt = 0; found.size < workers && performance.now() < endMs; attempt++) {
    const client = stack.use(await PinnedClient.open(port));
    const requestId = `bench-worker-${attempt}-${process.pid}`;
    await client.get("/healthz", { "X-Request-ID": requestId });
    const worker = await loggedBy(logFile, requestId);
    if (!found.has(worker)) found.set(worker, client);
  }
  if (found.size < workers) throw new Error(`only ${[...found.keys()]} of ${workers} workers answered`);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, client]) => client);
}

async function loggedBy(logFile: string, requestId: string): Promise<string> {
  const endMs = performance.now() + LOG_WITHIN_MS;
  while (performance.now() < endMs) {
    const line = readFileSync(logFile, "utf8")
      .split("\n")
      .find((each) => each.includes(requestId));
    if (line) return (JSON.parse(line) as { logger: string }).logger;
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`no log line for ${requestId}`);
}
